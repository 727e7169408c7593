#include "assess/exposure/version.h"

#include <ctype.h>
#include <string.h>

/* "~" is before everything, even the end; letters are before the rest. */
static int
order_of(char c)
{
	if (c == '~')
		return -1;
	if (c == '\0' || isdigit((unsigned char)c))
		return 0;
	return isalpha((unsigned char)c) ? c : c + 256;
}

static int
compare_part(const char **a, const char **b)
{
	while ((**a != '\0' && !isdigit((unsigned char)**a)) ||
	       (**b != '\0' && !isdigit((unsigned char)**b))) {
		int order = order_of(**a) - order_of(**b);

		if (order != 0)
			return order;
		*a += 1;
		*b += 1;
	}
	return 0;
}

static int
compare_number(const char **a, const char **b)
{
	size_t n, m;
	int order;

	*a += strspn(*a, "0");
	*b += strspn(*b, "0");
	n = strspn(*a, "0123456789");
	m = strspn(*b, "0123456789");
	order = n != m ? (n < m ? -1 : 1) : strncmp(*a, *b, n);
	*a += n;
	*b += m;
	return order;
}

int
firn_version_compare(const char *a, const char *b)
{
	while (*a != '\0' || *b != '\0') {
		int order = compare_part(&a, &b);

		if (order == 0)
			order = compare_number(&a, &b);
		if (order != 0)
			return order;
	}
	return 0;
}

/* "5.10" of "5.10.102". */
static size_t
branch_length(const char *version)
{
	size_t n = strspn(version, "0123456789");

	if (version[n] != '.')
		return n;
	return n + 1 + strspn(version + n + 1, "0123456789");
}

static bool
same_branch(const char *a, const char *b)
{
	size_t n = branch_length(a);

	return n == branch_length(b) && strncmp(a, b, n) == 0;
}

bool
firn_version_affected(const char *version, const char *since,
		      const char *const *fixed, unsigned n)
{
	const char *last = NULL;

	if (firn_version_compare(version, since) < 0)
		return false;
	for (unsigned i = 0; i < n; i++) {
		if (same_branch(version, fixed[i]))
			return firn_version_compare(version, fixed[i]) < 0;
		if (last == NULL || firn_version_compare(fixed[i], last) > 0)
			last = fixed[i];
	}
	return last == NULL || firn_version_compare(version, last) < 0;
}
