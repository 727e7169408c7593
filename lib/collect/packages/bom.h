#ifndef COLLECT_BOM_H
#define COLLECT_BOM_H

/*
 * bom -- packages as a CycloneDX 1.5 document, one by one in bounded memory.
 *
 * Beside what the format has of its own, properties say what Trivy and Grype
 * need to find the advisories of a package of a distribution: its source.
 *
 * Source: CycloneDX 1.5 (ECMA-424's predecessor), bom-1.5.schema.json; trivy
 * pkg/sbom; syft format/internal/cyclonedxutil.
 */

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buf.h"
#include "base/spool.h"
#include "firn/archive.h"
#include "firn/err.h"
#include "firn/target.h"

struct firn_os;

/* What more there is is a gap. */
#define FIRN_BOM_MAX 200000

/* Each text is what the container says; NULL or "" if it doesn't. */
struct firn_package {
	const char *type;  /* of its purl: "deb"; ours, static */
	const char *group; /* "@angular", "org.apache.logging.log4j" */
	const char *name;  /* never NULL or "" */
	const char *version;
	const char *arch;
	const char *epoch;    /* of an rpm: a decimal number, not "0" */
	const char *module;   /* of an rpm: its modularity label */
	const char *upstream; /* for the purl: the source package */
	const char *source, *source_epoch, *source_version, *source_release;
	const char *cpe; /* by which advisories know it, if not by its purl */
	const char *license;
	const char *supplier;
	const char *hash_alg; /* "SHA-256"; as CycloneDX names them */
	const char *hash;     /* hexadecimal, of the right length */
	const char *place;    /* the file that says so: "usr/lib/..." */
	const char *evidence; /* what that is, if no package that is installed:
			       * "lock file" */
};

/* How many there are of a type. */
struct firn_bom_count {
	const char *type;
	bool of_system; /* deb, rpm, apk */
	uint64_t n;
};
#define FIRN_BOM_TYPES 12

struct firn_bom {
	const struct firn_os *os; /* borrowed */
	struct firn_spool text;
	struct firn_bom_count counts[FIRN_BOM_TYPES];
	uint64_t n;
	uint64_t *seen; /* digests of what has been added, to find it again */
	size_t seen_size;
};

/* firn_bom_begin(bom, target, os, err) -- up to the first package.  Release
 * with firn_bom_free(). */
FIRN_MUST_CHECK int firn_bom_begin(struct firn_bom *bom,
				   const struct firn_target *target,
				   const struct firn_os *os,
				   struct firn_err *err);
void firn_bom_free(struct firn_bom *bom);

/* firn_bom_add(bom, package, err) -- one package.  Beyond FIRN_BOM_MAX they
 * are counted only. */
FIRN_MUST_CHECK int firn_bom_add(struct firn_bom *bom,
				 const struct firn_package *package,
				 struct firn_err *err);

/* firn_bom_has(bom, package) -- was one of this name and version added? */
bool firn_bom_has(const struct firn_bom *bom,
		  const struct firn_package *package);

/* firn_bom_end(bom, complete, err) -- what depends on what; `text` is the
 * document then. */
FIRN_MUST_CHECK int firn_bom_end(struct firn_bom *bom, bool complete,
				 struct firn_err *err);

/* firn_bom_text(object, key, text) -- as firn_json_text(), but without KEY_b64,
 * which the schema has no room for: bytes that aren't UTF-8 stand there
 * escaped.  NULL and "" set nothing. */
void firn_bom_text(json_t *object, const char *key, const char *text);

/* firn_bom_property(properties, name, value) -- one more; NULL and "" add
 * nothing. */
void firn_bom_property(json_t *properties, const char *name, const char *value);

#endif
