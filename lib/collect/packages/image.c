#include "collect/packages/image.h"

#include <stdio.h>
#include <string.h>

#include "base/auto.h"
#include "base/json.h"

/* What more there is is not listed, but counted nowhere either: that many say
 * enough. */
#define LISTED_MAX 500

enum kind {
	SHELL,
	MANAGER,
	TOOL,
};

/* By the name without what says a version ("gcc-12", "python3.11"). */
static const struct {
	const char *name;
	enum kind kind;
} programs[] = {
	{ "ash", SHELL },        { "bash", SHELL },
	{ "busybox", SHELL },    { "csh", SHELL },
	{ "dash", SHELL },       { "fish", SHELL },
	{ "ksh", SHELL },        { "mksh", SHELL },
	{ "rbash", SHELL },      { "sh", SHELL },
	{ "tcsh", SHELL },       { "toybox", SHELL },
	{ "zsh", SHELL },

	{ "apk", MANAGER },      { "apt", MANAGER },
	{ "apt-get", MANAGER },  { "aptitude", MANAGER },
	{ "composer", MANAGER }, { "conda", MANAGER },
	{ "dnf", MANAGER },      { "dpkg", MANAGER },
	{ "gem", MANAGER },      { "microdnf", MANAGER },
	{ "npm", MANAGER },      { "opkg", MANAGER },
	{ "pacman", MANAGER },   { "pip", MANAGER },
	{ "pnpm", MANAGER },     { "rpm", MANAGER },
	{ "tdnf", MANAGER },     { "uv", MANAGER },
	{ "yarn", MANAGER },     { "yum", MANAGER },
	{ "zypper", MANAGER },

	{ "as", TOOL },          { "c++", TOOL },
	{ "cargo", TOOL },       { "cc", TOOL },
	{ "clang", TOOL },       { "clang++", TOOL },
	{ "cmake", TOOL },       { "curl", TOOL },
	{ "g++", TOOL },         { "gcc", TOOL },
	{ "gdb", TOOL },         { "git", TOOL },
	{ "go", TOOL },          { "javac", TOOL },
	{ "ld", TOOL },          { "lua", TOOL },
	{ "make", TOOL },        { "masscan", TOOL },
	{ "mvn", TOOL },         { "nc", TOOL },
	{ "nc.openbsd", TOOL },  { "nc.traditional", TOOL },
	{ "ncat", TOOL },        { "netcat", TOOL },
	{ "ninja", TOOL },       { "nmap", TOOL },
	{ "node", TOOL },        { "perl", TOOL },
	{ "php", TOOL },         { "python", TOOL },
	{ "rsync", TOOL },       { "ruby", TOOL },
	{ "rustc", TOOL },       { "scp", TOOL },
	{ "socat", TOOL },       { "ssh", TOOL },
	{ "strace", TOOL },      { "tcc", TOOL },
	{ "tcpdump", TOOL },     { "wget", TOOL },
};

void
firn_image_begin(struct firn_image *image)
{
	*image = (struct firn_image){
		.shells = json_array(),
		.managers = json_array(),
		.tools = json_array(),
		.privileged = json_array(),
	};
}

void
firn_image_free(struct firn_image *image)
{
	json_decref(image->shells);
	json_decref(image->managers);
	json_decref(image->tools);
	json_decref(image->privileged);
}

/* The folders of the usual PATH; on a merged /usr, /bin is a link. */
static bool
is_on_path(const struct firn_tree_entry *entry)
{
	static const char *const folders[] = {
		"bin/",      "sbin/",          "usr/bin/",
		"usr/sbin/", "usr/local/bin/", "usr/local/sbin/",
	};
	size_t len = (size_t)(strlen(entry->path) - strlen(entry->name));

	if (!S_ISLNK(entry->st.st_mode) && (entry->st.st_mode & 0111) == 0)
		return false;
	for (size_t i = 0; i < sizeof(folders) / sizeof(folders[0]); i++) {
		if (len == strlen(folders[i]) &&
		    strncmp(entry->path, folders[i], len) == 0)
			return true;
	}
	return false;
}

static const char *
base_of(const char *name, char *ret, size_t size)
{
	size_t len = strlen(name);

	snprintf(ret, size, "%s", name);
	while (len > 1 && len < size && strchr("0123456789.-", name[len - 1]))
		ret[--len] = '\0';
	return ret;
}

static json_t *
list_for(struct firn_image *image, const char *name)
{
	char base[64];

	base_of(name, base, sizeof(base));
	for (size_t i = 0; i < sizeof(programs) / sizeof(programs[0]); i++) {
		if (strcmp(programs[i].name, name) != 0 &&
		    strcmp(programs[i].name, base) != 0)
			continue;
		return programs[i].kind == SHELL     ? image->shells
		       : programs[i].kind == MANAGER ? image->managers
						     : image->tools;
	}
	return NULL;
}

static json_t *
fact_of(const struct firn_tree *tree, const struct firn_tree_entry *entry)
{
	autofree char *path = NULL;
	json_t *fact = json_object();

	if (asprintf(&path, "/%s", entry->path) < 0)
		path = NULL;
	firn_json_text(fact, "path", path);
	if (tree->writable)
		json_object_set_new(fact, "changed",
				    json_boolean(entry->layer == 0));
	return fact;
}

static void
add_program(struct firn_image *image, const struct firn_tree *tree,
	    const struct firn_tree_entry *entry)
{
	json_t *list = list_for(image, entry->name), *fact;
	char to[4096];
	size_t len;

	if (list == NULL || json_array_size(list) >= LISTED_MAX)
		return;
	fact = fact_of(tree, entry);
	len = S_ISLNK(entry->st.st_mode)
		      ? firn_tree_link(tree, entry, to, sizeof(to))
		      : 0;
	if (len > 0)
		firn_json_bytes(fact, "target", to, len);
	json_array_append_new(list, fact);
}

static void
add_privileged(struct firn_image *image, const struct firn_tree *tree,
	       const struct firn_tree_entry *entry)
{
	json_t *fact;
	char mode[8];

	if (json_array_size(image->privileged) >= LISTED_MAX)
		return;
	fact = fact_of(tree, entry);
	snprintf(mode, sizeof(mode), "%04o", entry->st.st_mode & 07777u);
	json_object_set_new(fact, "mode", json_string(mode));
	firn_json_uint(fact, "uid", entry->st.st_uid);
	firn_json_uint(fact, "gid", entry->st.st_gid);
	json_array_append_new(image->privileged, fact);
}

void
firn_image_see(struct firn_image *image, const struct firn_tree *tree,
	       const struct firn_tree_entry *entry)
{
	const struct stat *st = &entry->st;

	if (S_ISREG(st->st_mode)) {
		image->n_files++;
		image->n_bytes += (uint64_t)st->st_size;
		if (tree->writable && entry->layer == 0) {
			image->n_changed++;
			image->n_changed_bytes += (uint64_t)st->st_size;
		}
		/* setgid without the group's execution is a kind of lock. */
		if ((st->st_mode & 04000) != 0 ||
		    (st->st_mode & 02010) == 02010)
			add_privileged(image, tree, entry);
	}
	if ((S_ISREG(st->st_mode) || S_ISLNK(st->st_mode)) && is_on_path(entry))
		add_program(image, tree, entry);
}

json_t *
firn_image_json(const struct firn_image *image, const struct firn_tree *tree)
{
	json_t *json = json_object();

	firn_json_uint(json, "files", image->n_files);
	firn_json_uint(json, "bytes", image->n_bytes);
	/* Of a root that is no overlay, that can't be told. */
	if (tree->writable) {
		firn_json_uint(json, "changed_files", image->n_changed);
		firn_json_uint(json, "changed_bytes", image->n_changed_bytes);
	}
	firn_json_uint(json, "layers", tree->live ? 0 : tree->n);
	json_object_set(json, "shells", image->shells);
	json_object_set(json, "package_managers", image->managers);
	json_object_set(json, "tools", image->tools);
	json_object_set(json, "privileged_files", image->privileged);
	return json;
}
