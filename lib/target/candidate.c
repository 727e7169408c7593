#include "target/node.h"

#include <string.h>

#include "target/names.h"

const char *
candidate_name(const struct candidate *candidate)
{
	for (size_t i = 0; i < candidate->n_traces; i++)
		if (candidate->traces[i]->name != NULL)
			return candidate->traces[i]->name;
	/* An id that a person chose is its name. */
	return candidate->n_traces > 0 && !(strlen(candidate->id) == 64 &&
					    names_is_hex(candidate->id))
		       ? candidate->id
		       : NULL;
}

const char *
candidate_image(const struct candidate *candidate)
{
	for (size_t i = 0; i < candidate->n_traces; i++)
		if (candidate->traces[i]->image != NULL)
			return candidate->traces[i]->image;
	return NULL;
}

enum firn_runtime
candidate_runtime(const struct candidate *candidate)
{
	return candidate->n_traces > 0 ? candidate->traces[0]->runtime
				       : FIRN_RUNTIME_UNKNOWN;
}

const struct trace *
candidate_pod(const struct candidate *candidate)
{
	for (size_t i = 0; i < candidate->n_traces; i++)
		if (candidate->traces[i]->pod_name != NULL)
			return candidate->traces[i];
	return NULL;
}

const struct trace *
candidate_labelled(const struct candidate *candidate)
{
	const struct trace *best = NULL;

	for (size_t i = 0; i < candidate->n_traces; i++) {
		if (candidate->traces[i]->labels_whole)
			return candidate->traces[i];
		if (best == NULL && candidate->traces[i]->labels != NULL)
			best = candidate->traces[i];
	}
	return best;
}
