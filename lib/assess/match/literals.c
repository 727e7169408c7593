#include "assess/match/literals.h"

#include <assert.h>
#include <dlfcn.h>
#include <errno.h>
#include <limits.h>
#include <stdlib.h>

#include <hs.h>

#include "base/auto.h"

/* Its name while the interface is this one. */
#define LIBRARY "libhs.so.5"

/* What is used of it; declared by its own header. */
static struct {
	void *handle;
	__typeof__(hs_compile_lit_multi) *compile;
	__typeof__(hs_free_compile_error) *free_error;
	__typeof__(hs_alloc_scratch) *alloc_scratch;
	__typeof__(hs_free_scratch) *free_scratch;
	__typeof__(hs_free_database) *free_database;
	__typeof__(hs_scan) *scan;
} hs;

struct firn_literals {
	hs_database_t *database; /* NULL for an empty set */
	hs_scratch_t *scratch;
};

/* --- the library ----------------------------------------------------------
 */

/* POSIX has it that a pointer to an object can hold one to a function. */
static bool
symbol(const char *name, void *ret)
{
	void *found = dlsym(hs.handle, name);

	*(void **)ret = found;
	return found != NULL;
}

/* It stays until firn ends. */
static int
load(struct firn_err *err)
{
	if (hs.scan != NULL)
		return 0;
	hs.handle = dlopen(LIBRARY, RTLD_LAZY | RTLD_LOCAL);
	if (hs.handle == NULL)
		return firn_err_set(err, ENOSYS, "load the matcher: %s",
				    dlerror());
	if (!symbol("hs_compile_lit_multi", &hs.compile) ||
	    !symbol("hs_free_compile_error", &hs.free_error) ||
	    !symbol("hs_alloc_scratch", &hs.alloc_scratch) ||
	    !symbol("hs_free_scratch", &hs.free_scratch) ||
	    !symbol("hs_free_database", &hs.free_database) ||
	    !symbol("hs_scan", &hs.scan)) {
		hs.scan = NULL;
		return firn_err_set(err, ENOSYS,
				    "load the matcher: %s is not "
				    "of version 5.4",
				    LIBRARY);
	}
	return 0;
}

static int
failed(hs_error_t code, const char *why, struct firn_err *err)
{
	if (code == HS_NOMEM)
		return firn_err_nomem(err);
	if (code == HS_ARCH_ERROR)
		return firn_err_set(err, ENOSYS,
				    "the matcher doesn't run on this "
				    "processor");
	return firn_err_set(err, EINVAL, "the matcher: %s (%d)", why, code);
}

/* --- a set ----------------------------------------------------------------
 */

/* As the library wants them. */
struct columns {
	const char **bytes;
	size_t *lens;
	unsigned *flags, *ids;
};

static void
columns_free(struct columns *columns)
{
	free(columns->bytes);
	free(columns->lens);
	free(columns->flags);
	free(columns->ids);
}

static int
columns_make(struct columns *ret, const struct firn_literal *literals, size_t n,
	     struct firn_err *err)
{
	ret->bytes = calloc(n, sizeof(*ret->bytes));
	ret->lens = calloc(n, sizeof(*ret->lens));
	ret->flags = calloc(n, sizeof(*ret->flags));
	ret->ids = calloc(n, sizeof(*ret->ids));
	if (ret->bytes == NULL || ret->lens == NULL || ret->flags == NULL ||
	    ret->ids == NULL)
		return firn_err_nomem(err);
	for (size_t i = 0; i < n; i++) {
		ret->bytes[i] = literals[i].bytes;
		ret->lens[i] = literals[i].len;
		ret->flags[i] = literals[i].folds ? HS_FLAG_CASELESS : 0;
		ret->ids[i] = (unsigned)i;
	}
	return 0;
}

static int
compile(struct firn_literals *set, const struct firn_literal *literals,
	size_t n, struct firn_err *err)
{
	autodone(columns_free) struct columns columns = { 0 };
	hs_compile_error_t *why = NULL;
	hs_error_t code;

	if (columns_make(&columns, literals, n, err) < 0)
		return -1;
	code = hs.compile(columns.bytes, columns.flags, columns.ids,
			  columns.lens, (unsigned)n, HS_MODE_BLOCK, NULL,
			  &set->database, &why);
	if (code != HS_SUCCESS) {
		failed(code, why != NULL ? why->message : "compile", err);
		hs.free_error(why);
		return -1;
	}
	code = hs.alloc_scratch(set->database, &set->scratch);
	return code == HS_SUCCESS ? 0 : failed(code, "its memory", err);
}

int
firn_literals_open(struct firn_literals **ret,
		   const struct firn_literal *literals, size_t n,
		   struct firn_err *err)
{
	autodone(firn_literals_close) struct firn_literals *set = NULL;

	assert(n < UINT_MAX);
	set = calloc(1, sizeof(*set));
	if (set == NULL)
		return firn_err_nomem(err);
	if (n > 0 && (load(err) < 0 || compile(set, literals, n, err) < 0))
		return -1;
	*ret = firn_steal(set);
	return 0;
}

void
firn_literals_close(struct firn_literals **literals)
{
	struct firn_literals *set = *literals;

	if (set == NULL)
		return;
	if (set->database != NULL) {
		hs.free_scratch(set->scratch);
		hs.free_database(set->database);
	}
	free(set);
	*literals = NULL;
}

struct hearing {
	firn_literal_hit *hit;
	void *context;
};

static int
heard(unsigned id, unsigned long long from, unsigned long long to,
      unsigned flags, void *arg)
{
	const struct hearing *hearing = arg;

	(void)from;
	(void)flags;
	return hearing->hit(hearing->context, id, (size_t)to) < 0;
}

int
firn_literals_scan(struct firn_literals *literals, const char *text, size_t len,
		   firn_literal_hit *hit, void *context, struct firn_err *err)
{
	struct hearing hearing = { hit, context };
	hs_error_t code;

	assert(len <= UINT_MAX);
	if (literals->database == NULL || len == 0)
		return 0;
	code = hs.scan(literals->database, text, (unsigned)len, 0,
		       literals->scratch, heard, &hearing);
	if (code == HS_SCAN_TERMINATED)
		return -1;
	return code == HS_SUCCESS ? 0 : failed(code, "scan", err);
}
