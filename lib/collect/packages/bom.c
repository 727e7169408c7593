#include "collect/packages/bom.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <openssl/rand.h>

#include "base/auto.h"
#include "base/clock.h"
#include "base/json.h"
#include "base/text.h"
#include "collect/packages/os_release.h"
#include "collect/packages/purl.h"

void
firn_bom_text(json_t *object, const char *key, const char *text)
{
	autofree char *shown = NULL;

	if (text == NULL || text[0] == '\0')
		return;
	if (firn_is_utf8(text, strlen(text))) {
		json_object_set_new(object, key, json_string_nocheck(text));
		return;
	}
	shown = firn_escape(text, strlen(text));
	if (shown != NULL)
		json_object_set_new(object, key, json_string(shown));
}

void
firn_bom_property(json_t *properties, const char *name, const char *value)
{
	json_t *one;

	if (value == NULL || value[0] == '\0')
		return;
	one = json_object();
	json_object_set_new(one, "name", json_string(name));
	firn_bom_text(one, "value", value);
	json_array_append_new(properties, one);
}

static int
add_text(struct firn_bom *bom, const char *text, struct firn_err *err)
{
	return firn_spool_add(&bom->text, text, strlen(text), err);
}

static int
add_json(struct firn_bom *bom, json_t *json, struct firn_err *err)
{
	autojson json_t *owned = json;
	autofree char *line = firn_json_line(owned);

	return line == NULL ? firn_err_nomem(err) : add_text(bom, line, err);
}

/* --- the beginning -----------------------------------------------------------
 */

/* RFC 9562, version 4. */
static void
serial_number(char ret[48])
{
	unsigned char b[16] = { 0 };

	if (RAND_bytes(b, sizeof(b)) != 1)
		memset(b, 0, sizeof(b));
	b[6] = (unsigned char)((b[6] & 0x0f) | 0x40);
	b[8] = (unsigned char)((b[8] & 0x3f) | 0x80);
	snprintf(ret, 48,
		 "urn:uuid:%02x%02x%02x%02x-%02x%02x-%02x%02x-%02x%02x-"
		 "%02x%02x%02x%02x%02x%02x",
		 b[0], b[1], b[2], b[3], b[4], b[5], b[6], b[7], b[8], b[9],
		 b[10], b[11], b[12], b[13], b[14], b[15]);
}

static json_t *
container(const struct firn_target *target)
{
	json_t *component = json_object(), *properties = json_array();
	const char *name = target->image;

	if (name == NULL || name[0] == '\0')
		name = target->id != NULL ? target->id : "container";
	json_object_set_new(component, "bom-ref", json_string("container"));
	json_object_set_new(component, "type", json_string("container"));
	firn_bom_text(component, "name", name);
	firn_bom_property(properties, "firn:container:id", target->id);
	firn_bom_property(properties, "firn:container:name", target->name);
	json_object_set_new(component, "properties", properties);
	return component;
}

static json_t *
metadata(const struct firn_target *target)
{
	char now[FIRN_TIME_TEXT];

	return json_pack("{s:s, s:{s:[{s:s, s:s, s:s}]}, s:o}", "timestamp",
			 firn_now_text(now), "tools", "components", "type",
			 "application", "name", "firn", "version", FIRN_VERSION,
			 "component", container(target));
}

int
firn_bom_begin(struct firn_bom *bom, const struct firn_target *target,
	       const struct firn_os *os, struct firn_err *err)
{
	char head[192], serial[48];

	*bom = (struct firn_bom){ .os = os, .text = firn_spool_init(AT_FDCWD) };
	serial_number(serial);
	snprintf(head, sizeof(head),
		 "{\"bomFormat\":\"CycloneDX\",\"specVersion\":\"1.5\","
		 "\"serialNumber\":\"%s\",\"version\":1,\n\"metadata\":",
		 serial);
	if (add_text(bom, head, err) < 0 ||
	    add_json(bom, metadata(target), err) < 0 ||
	    add_text(bom, ",\n\"components\":[\n", err) < 0)
		return -1;
	return os->known ? add_json(bom, firn_os_component(os), err) : 0;
}

void
firn_bom_free(struct firn_bom *bom)
{
	firn_spool_free(&bom->text);
	free(bom->seen);
	bom->seen = NULL;
}

/* --- what has been added -----------------------------------------------------
 */

/* FNV-1a, 64 bits.  Whoever makes two packages collide hides one that only a
 * lock file knows. */
static uint64_t
digest_of(const struct firn_package *package)
{
	const char *const parts[] = { package->type, package->group,
				      package->name, package->version };
	uint64_t hash = 0xcbf29ce484222325;

	for (size_t i = 0; i < sizeof(parts) / sizeof(parts[0]); i++) {
		for (const char *p = parts[i]; p != NULL && *p != '\0'; p++)
			hash = (hash ^ (unsigned char)*p) * 0x100000001b3;
		hash = (hash ^ '\n') * 0x100000001b3;
	}
	return hash != 0 ? hash : 1;
}

static size_t
slot_of(const struct firn_bom *bom, uint64_t digest)
{
	size_t i = (size_t)digest & (bom->seen_size - 1);

	while (bom->seen[i] != 0 && bom->seen[i] != digest)
		i = (i + 1) & (bom->seen_size - 1);
	return i;
}

static int
remember(struct firn_bom *bom, uint64_t digest, struct firn_err *err)
{
	if (2 * (bom->n + 1) > bom->seen_size) {
		uint64_t *old = bom->seen;
		size_t old_size = bom->seen_size;

		bom->seen_size = old_size != 0 ? 2 * old_size : 1024;
		bom->seen = calloc(bom->seen_size, sizeof(*bom->seen));
		if (bom->seen == NULL) {
			bom->seen = old;
			bom->seen_size = old_size;
			return firn_err_nomem(err);
		}
		for (size_t i = 0; i < old_size; i++) {
			if (old[i] != 0)
				bom->seen[slot_of(bom, old[i])] = old[i];
		}
		free(old);
	}
	bom->seen[slot_of(bom, digest)] = digest;
	return 0;
}

bool
firn_bom_has(const struct firn_bom *bom, const struct firn_package *package)
{
	return bom->seen != NULL &&
	       bom->seen[slot_of(bom, digest_of(package))] != 0;
}

static struct firn_bom_count *
count_of(struct firn_bom *bom, const char *type)
{
	struct firn_bom_count *count = bom->counts;

	while (count->type != NULL && strcmp(count->type, type) != 0)
		count++;
	if (count->type == NULL) {
		count->type = type;
		count->of_system = strcmp(type, "deb") == 0 ||
				   strcmp(type, "rpm") == 0 ||
				   strcmp(type, "apk") == 0;
	}
	return count;
}

/* --- one package ------------------------------------------------------------
 */

/* Trivy's names for the kinds. */
static const char *
trivy_type(const struct firn_package *package, const struct firn_os *os)
{
	static const char *const names[][2] = {
		{ "npm", "node-pkg" },      { "pypi", "python-pkg" },
		{ "golang", "gobinary" },   { "gem", "gemspec" },
		{ "composer", "composer" }, { "cargo", "cargo" },
		{ "maven", "jar" },
	};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strcmp(package->type, names[i][0]) == 0)
			return names[i][1];
	}
	return os->trivy;
}

static json_t *
properties_of(const struct firn_package *package, const struct firn_os *os)
{
	json_t *list = json_array();

	firn_bom_property(list, "aquasecurity:trivy:PkgType",
			  trivy_type(package, os));
	firn_bom_property(list, "aquasecurity:trivy:FilePath",
			  package->arch == NULL ? package->place : NULL);
	firn_bom_property(list, "aquasecurity:trivy:SrcName", package->source);
	firn_bom_property(list, "aquasecurity:trivy:SrcEpoch",
			  package->source_epoch);
	firn_bom_property(list, "aquasecurity:trivy:SrcVersion",
			  package->source_version);
	firn_bom_property(list, "aquasecurity:trivy:SrcRelease",
			  package->source_release);
	firn_bom_property(list, "aquasecurity:trivy:Modularitylabel",
			  package->module);
	firn_bom_property(list, "firn:evidence", package->evidence);
	return list;
}

static void
add_place(json_t *component, const char *place)
{
	autofree char *path = NULL;
	json_t *occurrence;

	if (asprintf(&path, "/%s", place) < 0) {
		path = NULL;
		return;
	}
	occurrence = json_object();
	firn_bom_text(occurrence, "location", path);
	json_object_set_new(component, "evidence",
			    json_pack("{s:[o]}", "occurrences", occurrence));
}

static void
add_details(json_t *component, const struct firn_package *package)
{
	if (package->supplier != NULL && package->supplier[0] != '\0') {
		json_t *supplier = json_object();

		firn_bom_text(supplier, "name", package->supplier);
		json_object_set_new(component, "supplier", supplier);
	}
	if (package->hash != NULL)
		json_object_set_new(component, "hashes",
				    json_pack("[{s:s, s:s}]", "alg",
					      package->hash_alg, "content",
					      package->hash));
	if (package->license != NULL && package->license[0] != '\0') {
		json_t *license = json_object();

		firn_bom_text(license, "name", package->license);
		json_object_set_new(component, "licenses",
				    json_pack("[{s:o}]", "license", license));
	}
}

/* Grype compares an rpm's with its epoch. */
static void
add_version(json_t *component, const struct firn_package *package)
{
	autobuf struct firn_buf version = { 0 };

	if (package->epoch == NULL || package->version == NULL) {
		firn_bom_text(component, "version", package->version);
		return;
	}
	firn_buf_addf(&version, "%s:%s", package->epoch, package->version);
	firn_bom_text(component, "version", version.data);
}

static json_t *
component_of(const struct firn_package *package, const struct firn_os *os,
	     const struct firn_bom_count *count)
{
	autobuf struct firn_buf purl = { 0 };
	json_t *component = json_object();
	char ref[48];

	snprintf(ref, sizeof(ref), "%s-%llu", package->type,
		 (unsigned long long)count->n);
	json_object_set_new(component, "bom-ref", json_string(ref));
	json_object_set_new(component, "type", json_string("library"));
	firn_bom_text(component, "group", package->group);
	firn_bom_text(component, "name", package->name);
	add_version(component, package);
	firn_bom_text(component, "cpe", package->cpe);
	firn_purl(&purl, package, count->of_system ? os : NULL);
	if (!purl.failed)
		json_object_set_new(component, "purl", json_string(purl.data));
	add_details(component, package);
	add_place(component, package->place);
	json_object_set_new(component, "properties",
			    properties_of(package, os));
	return component;
}

int
firn_bom_add(struct firn_bom *bom, const struct firn_package *package,
	     struct firn_err *err)
{
	struct firn_bom_count *count = count_of(bom, package->type);

	if (bom->n++ >= FIRN_BOM_MAX)
		return 0;
	if (remember(bom, digest_of(package), err) < 0)
		return -1;
	if ((bom->n > 1 || bom->os->known) && add_text(bom, ",\n", err) < 0)
		return -1;
	count->n++;
	return add_json(bom, component_of(package, bom->os, count), err);
}

/* --- the end -----------------------------------------------------------------
 */

static int
add_refs(struct firn_bom *bom, bool of_system, bool first, struct firn_err *err)
{
	char ref[64];

	for (size_t i = 0; i < FIRN_BOM_TYPES; i++) {
		const struct firn_bom_count *count = &bom->counts[i];

		if (count->type == NULL || count->of_system != of_system)
			continue;
		for (uint64_t k = 1; k <= count->n; k++) {
			snprintf(ref, sizeof(ref), "%s\"%s-%llu\"",
				 first ? "" : ",", count->type,
				 (unsigned long long)k);
			first = false;
			if (add_text(bom, ref, err) < 0)
				return -1;
		}
	}
	return 0;
}

int
firn_bom_end(struct firn_bom *bom, bool complete, struct firn_err *err)
{
	bool os = bom->os->known;
	char tail[160];

	if (add_text(bom,
		     "\n],\n\"dependencies\":[\n"
		     "{\"ref\":\"container\",\"dependsOn\":[",
		     err) < 0 ||
	    (os && add_text(bom, "\"os\"", err) < 0) ||
	    add_refs(bom, false, !os, err) < 0)
		return -1;
	if (os &&
	    (add_text(bom, "]},\n{\"ref\":\"os\",\"dependsOn\":[", err) < 0 ||
	     add_refs(bom, true, true, err) < 0))
		return -1;
	snprintf(tail, sizeof(tail),
		 "]}\n],\n\"compositions\":[{\"aggregate\":\"%s\","
		 "\"assemblies\":[\"container\"]}]}\n",
		 complete ? "unknown" : "incomplete");
	return add_text(bom, tail, err);
}
