#include <stdint.h>

#include "base/json.h"
#include "respond/playbook/fits.h"
#include "respond/policy/pattern.h"

/*
 * fits_target -- the container that an alert is about.
 *
 * Of one that was found, what is known of it, and nothing that the alert says:
 * that was chosen by somebody else.
 */

/* The globs of one key, borrowed, as a pattern of the policy has them: both
 * must know a container by the same. */
struct globs {
	char *items[FIRN_MATCH_GLOBS];
	struct firn_words words;
};

static void
borrow(const json_t *value, struct globs *ret)
{
	const json_t *glob;
	size_t i;

	ret->words = (struct firn_words){ ret->items, 0 };
	if (json_is_string(value))
		ret->items[ret->words.n++] =
			(char *)(uintptr_t)json_string_value(value);
	json_array_foreach(value, i, glob) {
		if (ret->words.n < FIRN_MATCH_GLOBS)
			ret->items[ret->words.n++] =
				(char *)(uintptr_t)json_string_value(glob);
	}
}

/* What isn't known speaks against a playbook, and never for it.  Of a container
 * that nobody found, there's nothing but what the alert says. */
static bool
speaks_of(const struct firn_fitting *fitting,
	  const struct firn_pattern *pattern, const char *what,
	  const char *name, const char *text)
{
	/* Neither is changed. */
	const struct firn_patterns one = {
		(struct firn_pattern *)(uintptr_t)pattern, 1
	};
	enum firn_fit fit = firn_patterns_fit(&one, &fitting->traits, NULL);

	if (fit == FIRN_FITS_PERHAPS && fitting->excepts && fitting->found) {
		firn_fits_say(fitting,
			      "%s%s%s isn't known, and could be one that it "
			      "isn't for",
			      what, name[0] != '\0' ? " " : "", name);
		return true;
	}
	return firn_fits_tell(fitting, what, name, text, fit == FIRN_FITS);
}

bool
firn_fits_target(const struct firn_fitting *fitting,
		 const struct firn_match_key *key, const json_t *value)
{
	const struct firn_traits *traits = &fitting->traits;
	struct firn_pattern pattern = { 0 };
	const char *text = NULL;
	struct globs globs;

	borrow(value, &globs);
	if (key->of == FIRN_MATCH_NAMESPACE) {
		pattern.namespaces = globs.words;
		text = traits->pod_namespace;
	} else if (key->of == FIRN_MATCH_POD) {
		pattern.pods = globs.words;
		text = traits->pod_name;
	} else if (key->of == FIRN_MATCH_IMAGE) {
		pattern.images = globs.words;
		text = traits->image;
	} else {
		pattern.names = globs.words;
		text = traits->pod_container != NULL ? traits->pod_container
						     : traits->name;
	}
	return speaks_of(fitting, &pattern, key->says, "", text);
}

/* All that are named must fit. */
bool
firn_fits_target_labels(const struct firn_fitting *fitting,
			const struct firn_match_key *key, const json_t *wanted)
{
	const char *name;
	json_t *value;

	json_object_foreach((json_t *)(uintptr_t)wanted, name, value) {
		struct firn_label label = { .key = (char *)(uintptr_t)name };
		struct firn_pattern pattern = { .labels = &label,
						.n_labels = 1 };
		struct globs globs;

		borrow(value, &globs);
		label.values = globs.words;
		if (!speaks_of(fitting, &pattern, key->says, name,
			       firn_json_string(fitting->traits.labels, name,
						NULL)))
			return false;
	}
	return true;
}

/* As far as an alert says what it is about. */
struct firn_traits
firn_fits_claimed(const json_t *alert)
{
	return (struct firn_traits){
		.name = firn_json_string(alert, "container_name", NULL),
		.image = firn_json_string(alert, "image", NULL),
		.pod_namespace = firn_json_string(alert, "namespace", NULL),
		.pod_name = firn_json_string(alert, "pod", NULL),
		.pod_container = firn_json_string(alert, "container", NULL),
	};
}
