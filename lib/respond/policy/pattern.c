#include "respond/policy/pattern.h"

#include <stdlib.h>
#include <string.h>

#include "assess/rules/regex.h"
#include "base/auto.h"
#include "base/json.h"

#define GLOB_MAX 256
#define GLOBS_MAX 256
#define PATTERNS_MAX 1024
/* Longer than any name, image or label of a container ought to be. */
#define TEXT_MAX 4096

/* --- from the file --------------------------------------------------------
 */

/* Only "*" is a wildcard; what another program takes for one is refused, lest
 * it protect nothing. */
static int
check_globs(const struct firn_yaml *yaml, struct fy_node *node,
	    const struct firn_words *globs, struct firn_err *err)
{
	if (globs->n == 0 || globs->n > GLOBS_MAX)
		return firn_yaml_error(yaml, node, err,
				       "1 to %d are expected here", GLOBS_MAX);
	for (size_t i = 0; i < globs->n; i++) {
		const char *glob = globs->items[i];
		size_t len = strlen(glob);

		if (len == 0 || len > GLOB_MAX)
			return firn_yaml_error(yaml, node, err,
					       "1 to %d bytes are expected "
					       "here",
					       GLOB_MAX);
		if (strpbrk(glob, "?[]{}\\\n") != NULL)
			return firn_yaml_error(yaml, node, err,
					       "\"%s\": only * is a wildcard",
					       glob);
	}
	return 0;
}

static int
take_globs(const struct firn_yaml *yaml, struct fy_node *node,
	   struct firn_words *ret, struct firn_err *err)
{
	if (node == NULL)
		return 0;
	return firn_yaml_some(yaml, node, ret, err) < 0
		       ? -1
		       : check_globs(yaml, node, ret, err);
}

static int
take_labels(const struct firn_yaml *yaml, struct fy_node *node,
	    struct firn_pattern *ret, struct firn_err *err)
{
	struct fy_node_pair *pair;
	void *at = NULL;

	if (node == NULL)
		return 0;
	if (!fy_node_is_mapping(node) || fy_node_mapping_is_empty(node))
		return firn_yaml_error(yaml, node, err,
				       "labels and their values are expected "
				       "here: {app: web}");
	while ((pair = fy_node_mapping_iterate(node, &at)) != NULL) {
		struct firn_label *labels =
			reallocarray(ret->labels, ret->n_labels + 1,
				     sizeof(*labels));

		if (labels == NULL)
			return firn_err_nomem(err);
		ret->labels = labels;
		labels[ret->n_labels] = (struct firn_label){ 0 };
		ret->n_labels++;
		if (firn_yaml_text(yaml, fy_node_pair_key(pair),
				   &labels[ret->n_labels - 1].key, err) < 0 ||
		    take_globs(yaml, fy_node_pair_value(pair),
			       &labels[ret->n_labels - 1].values, err) < 0)
			return -1;
	}
	return 0;
}

static int
take_pattern(const struct firn_yaml *yaml, struct fy_node *node,
	     struct firn_pattern *ret, struct firn_err *err)
{
	static const char *const keys[] = { "namespace", "pod",   "name",
					    "image",     "label", NULL };

	if (firn_yaml_keys(yaml, node, keys, err) < 0)
		return -1;
	if (fy_node_mapping_is_empty(node))
		return firn_yaml_error(yaml, node, err,
				       "says nothing: name a namespace, pod, "
				       "name, image or label");
	firn_yaml_place(node, &ret->place.line, &ret->place.column);
	if (take_globs(yaml, firn_yaml_at(node, "namespace"), &ret->namespaces,
		       err) < 0 ||
	    take_globs(yaml, firn_yaml_at(node, "pod"), &ret->pods, err) < 0 ||
	    take_globs(yaml, firn_yaml_at(node, "name"), &ret->names, err) <
		    0 ||
	    take_globs(yaml, firn_yaml_at(node, "image"), &ret->images, err) <
		    0)
		return -1;
	return take_labels(yaml, firn_yaml_at(node, "label"), ret, err);
}

static int
add_pattern(const struct firn_yaml *yaml, struct fy_node *node,
	    struct firn_patterns *ret, struct firn_err *err)
{
	struct firn_pattern *items =
		reallocarray(ret->items, ret->n + 1, sizeof(*items));

	if (items == NULL)
		return firn_err_nomem(err);
	ret->items = items;
	items[ret->n] = (struct firn_pattern){ 0 };
	ret->n++;
	return take_pattern(yaml, node, &items[ret->n - 1], err);
}

int
firn_patterns_parse(const struct firn_yaml *yaml, struct fy_node *node,
		    struct firn_patterns *ret, struct firn_err *err)
{
	struct fy_node *item;
	void *at = NULL;

	if (node == NULL)
		return 0;
	if (!fy_node_is_sequence(node))
		return add_pattern(yaml, node, ret, err);
	if (fy_node_sequence_is_empty(node))
		return firn_yaml_error(yaml, node, err,
				       "the list is empty: leave it out");
	while ((item = fy_node_sequence_iterate(node, &at)) != NULL) {
		if (ret->n >= PATTERNS_MAX)
			return firn_yaml_error(yaml, item, err, "more than %d",
					       PATTERNS_MAX);
		if (add_pattern(yaml, item, ret, err) < 0)
			return -1;
	}
	return 0;
}

static void
pattern_free(struct firn_pattern *pattern)
{
	firn_words_free(&pattern->namespaces);
	firn_words_free(&pattern->pods);
	firn_words_free(&pattern->names);
	firn_words_free(&pattern->images);
	for (size_t i = 0; i < pattern->n_labels; i++) {
		free(pattern->labels[i].key);
		firn_words_free(&pattern->labels[i].values);
	}
	free(pattern->labels);
}

void
firn_patterns_free(struct firn_patterns *patterns)
{
	for (size_t i = 0; i < patterns->n; i++)
		pattern_free(&patterns->items[i]);
	free(patterns->items);
	*patterns = (struct firn_patterns){ 0 };
}

/* --- against a container --------------------------------------------------
 */

static bool
is_like(const struct firn_words *globs, const char *text, size_t len)
{
	for (size_t i = 0; i < globs->n; i++)
		if (firn_glob(globs->items[i], text, len, false, false))
			return true;
	return false;
}

/* A text that is NULL isn't known; one that is too long is as good as that. */
static enum firn_fit
fit_text(const struct firn_words *globs, const char *text)
{
	size_t len = text != NULL ? strnlen(text, TEXT_MAX + 1) : 0;

	if (text == NULL || len > TEXT_MAX)
		return FIRN_FITS_PERHAPS;
	return is_like(globs, text, len) ? FIRN_FITS : FIRN_FITS_NOT;
}

/* Its name, or in its pod's. */
static enum firn_fit
fit_name(const struct firn_words *globs, const struct firn_traits *traits)
{
	if (traits->pod_container != NULL &&
	    fit_text(globs, traits->pod_container) == FIRN_FITS)
		return FIRN_FITS;
	return fit_text(globs, traits->name);
}

/* Of a container of which a runtime's files speak, no pod means none. */
static enum firn_fit
fit_pod(const struct firn_words *globs, const struct firn_traits *traits,
	const char *text)
{
	if (traits->pod_name == NULL && traits->pod_namespace == NULL &&
	    (traits->name != NULL || traits->image != NULL ||
	     traits->labels_whole))
		return FIRN_FITS_NOT;
	return fit_text(globs, text);
}

/* With and without digest and tag. */
static bool
is_image(const struct firn_words *globs, const char *image)
{
	char repository[TEXT_MAX + 64];

	firn_image_repository(image, repository, sizeof(repository));
	return is_like(globs, image, strlen(image)) ||
	       is_like(globs, image, strcspn(image, "@")) ||
	       is_like(globs, repository, strlen(repository));
}

/* However it is spelt: "nginx" is "docker.io/library/nginx". */
static enum firn_fit
fit_image(const struct firn_words *globs, const char *image)
{
	static const char *const usual[] = { "docker.io/library/",
					     "docker.io/" };
	char full[TEXT_MAX + 64];

	if (image == NULL || strnlen(image, TEXT_MAX + 1) > TEXT_MAX)
		return FIRN_FITS_PERHAPS;
	firn_image_full(image, full, sizeof(full));
	if (is_image(globs, image) || is_image(globs, full))
		return FIRN_FITS;
	for (size_t i = 0; i < sizeof(usual) / sizeof(usual[0]); i++)
		if (strncmp(full, usual[i], strlen(usual[i])) == 0 &&
		    is_image(globs, full + strlen(usual[i])))
			return FIRN_FITS;
	return firn_image_is_digest(image) ? FIRN_FITS_PERHAPS : FIRN_FITS_NOT;
}

static enum firn_fit
fit_label(const struct firn_label *label, const struct firn_traits *traits)
{
	const json_t *value = json_object_get(traits->labels, label->key);

	if (value == NULL)
		return traits->labels_whole ? FIRN_FITS_NOT : FIRN_FITS_PERHAPS;
	if (!json_is_string(value) || json_string_length(value) > TEXT_MAX)
		return FIRN_FITS_PERHAPS;
	return is_like(&label->values, json_string_value(value),
		       json_string_length(value))
		       ? FIRN_FITS
		       : FIRN_FITS_NOT;
}

static enum firn_fit
lesser(enum firn_fit a, enum firn_fit b)
{
	return a < b ? a : b;
}

static enum firn_fit
fit_pattern(const struct firn_pattern *pattern,
	    const struct firn_traits *traits)
{
	enum firn_fit fit = FIRN_FITS;

	if (pattern->namespaces.n > 0)
		fit = lesser(fit, fit_pod(&pattern->namespaces, traits,
					  traits->pod_namespace));
	if (pattern->pods.n > 0)
		fit = lesser(fit,
			     fit_pod(&pattern->pods, traits, traits->pod_name));
	if (pattern->names.n > 0)
		fit = lesser(fit, fit_name(&pattern->names, traits));
	if (pattern->images.n > 0)
		fit = lesser(fit, fit_image(&pattern->images, traits->image));
	for (size_t i = 0; i < pattern->n_labels; i++)
		fit = lesser(fit, fit_label(&pattern->labels[i], traits));
	return fit;
}

enum firn_fit
firn_patterns_fit(const struct firn_patterns *patterns,
		  const struct firn_traits *traits,
		  const struct firn_pattern **ret_which)
{
	const struct firn_pattern *which = NULL;
	enum firn_fit best = patterns->n == 0 ? FIRN_FITS : FIRN_FITS_NOT;

	for (size_t i = 0; i < patterns->n && best != FIRN_FITS; i++) {
		enum firn_fit fit =
			traits != NULL
				? fit_pattern(&patterns->items[i], traits)
				: FIRN_FITS_PERHAPS;

		if (fit > best) {
			best = fit;
			which = &patterns->items[i];
		}
	}
	if (ret_which != NULL)
		*ret_which = which;
	return best;
}

/* --- as JSON --------------------------------------------------------------
 */

static void
set_globs(json_t *object, const char *key, const struct firn_words *globs)
{
	if (globs->n > 0)
		json_object_set_new(object, key, firn_words_json(globs));
}

json_t *
firn_patterns_json(const struct firn_patterns *patterns)
{
	json_t *array = json_array();

	for (size_t i = 0; i < patterns->n; i++) {
		const struct firn_pattern *pattern = &patterns->items[i];
		json_t *object = json_object(), *labels = json_object();

		set_globs(object, "namespace", &pattern->namespaces);
		set_globs(object, "pod", &pattern->pods);
		set_globs(object, "name", &pattern->names);
		set_globs(object, "image", &pattern->images);
		for (size_t k = 0; k < pattern->n_labels; k++)
			set_globs(labels, pattern->labels[k].key,
				  &pattern->labels[k].values);
		if (pattern->n_labels > 0)
			json_object_set(object, "label", labels);
		json_decref(labels);
		json_array_append_new(array, object);
	}
	return array;
}
