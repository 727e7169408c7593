#include <stdio.h>

#include "assess/checklist/checklist.h"
#include "base/auto.h"

/*
 * texts -- what the rules find in a text, into the checklist.
 */

static int
found(void *context, const struct firn_found *found, struct firn_err *err)
{
	struct firn_checklist_texts *text = context;
	struct firn_secret_place here = *text->place;
	autojson json_t *facts = json_object();

	firn_rule_facts_around(found->rule, found->text, found->text_len,
			       (size_t)(found->value - found->text), facts);
	if (here.facts != NULL)
		json_object_update_missing(facts, here.facts);
	here.facts = facts;
	text->n++;
	return firn_checklist_add(text->list, found->rule, &here, found->value,
				  found->len, err);
}

static void
missed(void *context, const struct firn_rule *rule, uint64_t offset,
       const struct firn_err *why)
{
	const struct firn_checklist_texts *text = context;
	const struct firn_secret_place *place = text->place;
	char what[512], process[32] = "";

	if (place->pid > 0)
		snprintf(process, sizeof(process), " of process %d",
			 (int)place->pid);
	snprintf(what, sizeof(what), "%s in the %s%s%s%.300s, from byte %llu",
		 rule->name, place->where, process,
		 place->path != NULL ? " " : "",
		 place->path != NULL ? place->path : "",
		 (unsigned long long)offset);
	firn_checklist_gap(text->list, what, why);
}

static int
begin(struct firn_checklist *list, struct firn_checklist_texts *text,
      const struct firn_secret_place *place, struct firn_err *err)
{
	*text = (struct firn_checklist_texts){
		.list = list,
		.place = place,
		.finder = { found, missed, text },
	};
	if (list->matcher != NULL)
		return 0;
	return firn_matcher_open(&list->matcher, list->rules, err);
}

int
firn_checklist_text(struct firn_checklist *list,
		    const struct firn_secret_place *place, const char *text,
		    size_t len, struct firn_err *err)
{
	struct firn_checklist_texts texts;

	if (begin(list, &texts, place, err) < 0 ||
	    firn_matcher_text(list->matcher, text, len, &texts.finder, err) < 0)
		return -1;
	return texts.n;
}

int
firn_checklist_start(struct firn_checklist *list,
		     struct firn_checklist_texts *text,
		     const struct firn_secret_place *place,
		     struct firn_err *err)
{
	if (begin(list, text, place, err) < 0)
		return -1;
	return firn_matcher_start(list->matcher, &text->finder, err);
}

int
firn_checklist_piece(struct firn_checklist_texts *text, const void *bytes,
		     size_t len, struct firn_err *err)
{
	return firn_matcher_add(text->list->matcher, bytes, len, err);
}

int
firn_checklist_end(struct firn_checklist_texts *text, struct firn_err *err)
{
	return firn_matcher_end(text->list->matcher, err) < 0 ? -1 : text->n;
}
