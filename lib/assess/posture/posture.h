#ifndef ASSESS_POSTURE_H
#define ASSESS_POSTURE_H

/*
 * posture -- the container held against the checklist for production: what let
 * them in, and what would have stopped them.
 *
 * Adding an item: a line in the table of posture.c, its function in the file it
 * belongs to, and what passes and what fails in tests/data/posture.json.
 */

#include "assess/exposure/view.h"

enum firn_answer {
	FIRN_FAIL,
	FIRN_CANNOT_TELL,
	FIRN_PASS,
};

/* firn_answer_names[FIRN_PASS] is "pass". */
extern const char *const firn_answer_names[];

struct firn_item;

/* One item being answered. */
struct firn_answering {
	const struct firn_view *view;
	char fact[512]; /* what the answer rests on */
};

struct firn_item {
	const char *name;
	const char *title; /* what is asked for */
	const char *why;
	const char *link; /* where it is asked for */
	enum firn_answer (*answer)(struct firn_answering *answering);
};

extern const struct firn_item firn_items[];
extern const size_t firn_n_items;

/* firn_posture(view) -- a new array, in the order of the table, of objects:
 * "item", "title", "answer", "fact", "why", "link". */
json_t *firn_posture(const struct firn_view *view);

/* firn_answer(answering, answer, fmt, ...) -- say the fact; returns `answer`.
 */
enum firn_answer firn_answer(struct firn_answering *answering,
			     enum firn_answer answer, const char *fmt, ...)
	FIRN_PRINTF(3, 4);

/* firn_image_reference(answering) -- the name by which its image was asked for,
 * borrowed; NULL, and the fact is said, when no record has it. */
const char *firn_image_reference(struct firn_answering *answering);

/* posture_image.c */
enum firn_answer firn_is_small(struct firn_answering *answering);
enum firn_answer firn_has_no_shell(struct firn_answering *answering);
enum firn_answer firn_has_no_package_manager(struct firn_answering *answering);
enum firn_answer firn_has_no_build_tools(struct firn_answering *answering);
enum firn_answer firn_is_pinned(struct firn_answering *answering);
enum firn_answer firn_is_signed(struct firn_answering *answering);
enum firn_answer firn_is_recent(struct firn_answering *answering);
enum firn_answer firn_has_health_check(struct firn_answering *answering);
enum firn_answer firn_has_no_baked_secrets(struct firn_answering *answering);

/* posture_process.c */
enum firn_answer firn_is_not_root(struct firn_answering *answering);
enum firn_answer firn_is_not_privileged(struct firn_answering *answering);
enum firn_answer firn_has_few_capabilities(struct firn_answering *answering);
enum firn_answer firn_gains_no_privileges(struct firn_answering *answering);
enum firn_answer firn_is_filtered(struct firn_answering *answering);
enum firn_answer firn_is_confined(struct firn_answering *answering);
enum firn_answer firn_shares_no_namespace(struct firn_answering *answering);

/* posture_limits.c */
enum firn_answer firn_has_read_only_root(struct firn_answering *answering);
enum firn_answer firn_has_no_runtime_socket(struct firn_answering *answering);
enum firn_answer firn_has_memory_limit(struct firn_answering *answering);
enum firn_answer firn_has_processor_limit(struct firn_answering *answering);
enum firn_answer firn_has_process_limit(struct firn_answering *answering);
enum firn_answer firn_is_restricted_outbound(struct firn_answering *answering);

/* posture_policy.c */
enum firn_answer firn_is_from_approved_registry(
	struct firn_answering *answering);
enum firn_answer firn_has_incident_plan(struct firn_answering *answering);

#endif
