#include "assess/places/known.h"
#include "base/text.h"

#include <string.h>

static const char *const names[] = {
	/* clouds and clusters */
	"credentials",
	"credentials.json",
	"application_default_credentials.json",
	"service-account.json",
	"accessTokens.json",
	"msal_token_cache.json",
	"azureProfile.json",
	"kubeconfig",
	"k3s.yaml",
	"rke2.yaml",
	"admin.conf",
	"super-admin.conf",
	"kubelet.conf",
	"controller-manager.conf",
	"scheduler.conf",
	".s3cfg",
	".boto",
	"rclone.conf",
	/* registries, packages, code */
	".dockercfg",
	".dockerconfigjson",
	"auth.json",
	".netrc",
	"_netrc",
	".curlrc",
	".wgetrc",
	".git-credentials",
	".gitconfig",
	".npmrc",
	".yarnrc",
	".yarnrc.yml",
	".pypirc",
	"pip.conf",
	"credentials.toml",
	"settings-security.xml",
	"NuGet.Config",
	"nuget.config",
	/* databases and brokers */
	".pgpass",
	".my.cnf",
	"pg_service.conf",
	".pg_service.conf",
	"redis.conf",
	".erlang.cookie",
	/* machines as code */
	"terraform.rc",
	".terraformrc",
	"credentials.tfrc.json",
	"terraform.tfstate",
	".vault-token",
	"vault-token",
	".vault_pass",
	/* applications */
	".envrc",
	"wp-config.php",
	"configuration.php",
	"LocalSettings.php",
	"settings.py",
	"local_settings.py",
	"secrets.yml",
	"secrets.yaml",
	"secrets.json",
	"database.yml",
	"parameters.yml",
	"local.settings.json",
	"web.config",
	"master.key",
	".htpasswd",
	/* what was typed */
	".bash_history",
	".ash_history",
	".sh_history",
	".zsh_history",
	".history",
	".psql_history",
	".mysql_history",
	".rediscli_history",
	".python_history",
	".node_repl_history",
};

static const char *const globs[] = {
	"*.pem",
	"*.key",
	"*.p12",
	"*.pfx",
	"*.jks",
	"*.keystore",
	"*.ppk",
	"*.keytab",
	"*.ovpn",
	"*.tfstate",
	"*.tfstate.backup",
	"*.tfvars",
	"*.tfvars.json",
	"id_rsa*",
	"id_dsa*",
	"id_ecdsa*",
	"id_ed25519*",
	"ssh_host_*_key",
	".env",
	".env.*",
	"*.env",
	"application*.yml",
	"application*.yaml",
	"application*.properties",
	"bootstrap*.yml",
	"appsettings*.json",
};

/* Names that say little without their folder. */
static const char *const ends[] = {
	"/.aws/config",        "/.kube/config",         "/.docker/config.json",
	"/.m2/settings.xml",   "/.config/gh/hosts.yml", "/.gnupg/secring.gpg",
	"/.cargo/config.toml", "/.subversion/auth",
};

/* Folders that applications have for themselves, and what in them may hold a
 * credential as text. */
static const char *const folders[] = {
	"/app/",         "/srv/", "/opt/",           "/var/www/",
	"/usr/src/app/", "/etc/", "/usr/local/etc/",
};
static const char *const texts[] = {
	".conf", ".cfg",        ".cnf", ".ini", ".json", ".yml",      ".yaml",
	".toml", ".php",        ".py",  ".rb",  ".js",   ".ts",       ".sh",
	".xml",  ".properties", ".txt", ".sql", ".env",  ".htpasswd",
};
/* Code of others within them. */
static const char *const vendored[] = {
	"/node_modules/",        "/site-packages/",
	"/dist-packages/",       "/vendor/",
	"/.git/objects/",        "/etc/ssl/certs/",
	"/etc/ca-certificates/",
};

static const char *const dull[] = {
	"/usr/share/doc",    "/usr/share/man",  "/usr/share/locale",
	"/usr/share/info",   "/usr/share/i18n", "/usr/share/zoneinfo",
	"/usr/share/icons",  "/usr/share/perl", "/usr/share/perl5",
	"/usr/share/common", "/usr/lib/locale",
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/* By the last component first: a walk asks for each file there is. */
static bool
is_ruled(const struct firn_words *files, const char *path, const char *name)
{
	for (size_t k = 0; k < files->n; k++) {
		const char *glob = files->items[k];
		const char *slash = strrchr(glob, '/');
		const char *last = slash != NULL ? slash + 1 : glob;

		/* Of "everything in a folder" the folder is looked at. */
		if (last[strspn(last, "*")] == '\0' ||
		    !firn_glob(last, name, strlen(name), false, false))
			continue;
		if (glob[0] == '~'
			    ? firn_ends_with(path, glob + 1) ||
				      strchr(glob, '*') != NULL
			    : firn_glob(glob, path, strlen(path), false, true))
			return true;
	}
	return false;
}

bool
firn_is_known(const struct firn_secret_rules *rules, const char *path)
{
	const char *name = strrchr(path, '/') + 1;

	for (size_t i = 0; i < COUNT(names); i++) {
		if (strcmp(names[i], name) == 0)
			return true;
	}
	for (size_t i = 0; i < COUNT(globs); i++) {
		if (firn_glob(globs[i], name, strlen(name), false, false))
			return !firn_ends_with(name, ".pub");
	}
	for (size_t i = 0; i < COUNT(ends); i++) {
		if (firn_ends_with(path, ends[i]))
			return true;
	}
	if (strstr(path, "/.gnupg/private-keys-v1.d/") != NULL ||
	    strstr(path, "/.aws/sso/cache/") != NULL ||
	    strstr(path, "/.config/gcloud/") != NULL)
		return true;
	for (size_t i = 0; i < rules->n; i++) {
		if (is_ruled(&rules->items[i].files, path, name))
			return true;
	}
	return false;
}

bool
firn_is_application(const char *cwd, const char *path)
{
	const char *dot = strrchr(path, '.');
	size_t cwd_len = strlen(cwd);
	bool within = cwd_len > 0 && strncmp(path, cwd, cwd_len) == 0;

	if (dot == NULL)
		return false;
	for (size_t i = 0; i < COUNT(folders); i++)
		within |= strncmp(path, folders[i], strlen(folders[i])) == 0;
	for (size_t i = 0; i < COUNT(vendored); i++)
		within &= strstr(path, vendored[i]) == NULL;
	for (size_t i = 0; i < COUNT(texts); i++) {
		if (within && strcmp(texts[i], dot) == 0)
			return true;
	}
	return false;
}

bool
firn_is_dull(const char *path)
{
	for (size_t i = 0; i < COUNT(dull); i++) {
		if (strcmp(dull[i], path) == 0)
			return true;
	}
	return false;
}
