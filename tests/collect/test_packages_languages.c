#include "collect/made_go.h"
#include "collect/made_zip.h"
#include "collect/packages_fixture.h"

static const char *
version_of(const char *name)
{
	return firn_json_string(component(name), "version", NULL);
}

static void
look(void)
{
	layers("upper", NULL, NULL);
	collect_packages();
}

/* --- Node.js
 * ------------------------------------------------------------------
 */

START_TEST(a_package_of_node_js_is_what_lies_in_node_modules)
{
	put("upper/app/package.json",
	    "{\"name\":\"app\",\"version\":\"1.0.0\"}");
	put("upper/app/node_modules/@babel/core/package.json",
	    "{\"name\":\"@babel/core\",\"version\":\"7.1.0\",\"license\":"
	    "\"MIT\",\"author\":{\"name\":\"B\"}}");
	put("upper/app/node_modules/old/package.json",
	    "{\"name\":\"old\",\"version\":\"0.1\",\"licenses\":[{\"type\":"
	    "\"BSD\"}]}");
	put("upper/app/node_modules/old/dist/esm/package.json",
	    "{\"name\":\"esm\",\"version\":\"9\"}");
	put("upper/app/node_modules/old/node_modules/deep/package.json",
	    "{\"name\":\"deep\",\"version\":\"2\"}");
	look();
	ck_assert_uint_eq(n_components(), 4);
	ck_assert_str_eq(purl_of("core"), "pkg:npm/%40babel/core@7.1.0");
	ck_assert_str_eq(firn_json_string(component("core"), "group", NULL),
			 "@babel");
	ck_assert_str_eq(
		firn_json_string(json_array_get(json_object_get(component(
									"old"),
								"licenses"),
						0),
				 "license", "name", NULL),
		"BSD");
	ck_assert_str_eq(property("deep", "aquasecurity:trivy:PkgType"),
			 "node-pkg");
	ck_assert_str_eq(place_of("deep"),
			 "/app/node_modules/old/node_modules/deep/"
			 "package.json");
}
END_TEST

START_TEST(a_lock_file_adds_what_is_not_there)
{
	const json_t *hash;

	put("upper/app/package-lock.json",
	    "{\"lockfileVersion\":3,\"packages\":{\"\":{\"name\":\"app\","
	    "\"version\":\"1\"},\"node_modules/there\":{\"version\":\"1.0\"},"
	    "\"node_modules/x/node_modules/@a/b\":{\"version\":\"2.0\","
	    "\"integrity\":\"sha512-"
	    "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA"
	    "AAAAAAAAAAAAAAAAAAAAAAA==\"}}}");
	put("upper/app/node_modules/there/package.json",
	    "{\"name\":\"there\",\"version\":\"1.0\"}");
	put("upper/old/package-lock.json",
	    "{\"dependencies\":{\"p\":{\"version\":\"1\",\"dependencies\":"
	    "{\"q\":{\"version\":\"2\"}}}}}");
	look();
	ck_assert_ptr_null(property("there", "firn:evidence"));
	ck_assert_ptr_null(nth("there", 1));
	ck_assert_str_eq(property("b", "firn:evidence"), "lock file");
	hash = json_array_get(json_object_get(component("b"), "hashes"), 0);
	ck_assert_str_eq(firn_json_string(hash, "alg", NULL), "SHA-512");
	ck_assert_uint_eq(strlen(firn_json_string(hash, "content", NULL)), 128);
	ck_assert_str_eq(version_of("q"), "2");
	ck_assert_uint_eq(n_components(), 4);
}
END_TEST

/* --- Python, Ruby, PHP, Rust
 * --------------------------------------------------
 */

START_TEST(a_distribution_of_python_says_its_name_in_its_metadata)
{
	put("upper/usr/lib/python3/dist-packages/PyYAML-6.0.dist-info/METADATA",
	    "Metadata-Version: 2.1\nName: Py_YAML\nVersion: 6.0\n"
	    "License: MIT\n\nName: not this\n");
	put("upper/usr/lib/python3/dist-packages/six-1.16.0.egg-info",
	    "Name: six\r\nVersion: 1.16.0\r\nLicense: UNKNOWN\r\n");
	put("upper/srv/x.egg-info/PKG-INFO", "Name: x\nVersion: 1\n");
	put("upper/srv/y.dist-info/METADATA", "no header\n");
	look();
	ck_assert_str_eq(purl_of("Py_YAML"), "pkg:pypi/py-yaml@6.0");
	ck_assert_str_eq(version_of("six"), "1.16.0");
	ck_assert_ptr_null(json_object_get(component("six"), "licenses"));
	ck_assert_uint_eq(n_components(), 3);
	ck_assert_int_eq(gaps_with("names no package"), 1);
}
END_TEST

START_TEST(a_gem_says_its_name_in_its_specification)
{
	put("upper/var/lib/gems/3.1.0/specifications/rake-13.0.6.gemspec",
	    "Gem::Specification.new do |s|\n  s.name = \"rake\".freeze\n"
	    "  s.version = \"13.0.6\"\n  s.licenses = [\"MIT\".freeze]\n"
	    "  s.required_ruby_version = Gem::Requirement.new(\">= 2.2\")\n");
	put("upper/app/Gemfile.lock",
	    "GEM\n  remote: https://rubygems.org/\n  specs:\n"
	    "    rake (13.0.6)\n    rack (2.2.3)\n      needed (>= 1)\n\n"
	    "PLATFORMS\n    ruby (1)\n");
	look();
	ck_assert_uint_eq(n_components(), 2);
	ck_assert_str_eq(purl_of("rake"), "pkg:gem/rake@13.0.6");
	ck_assert_str_eq(purl_of("rack"), "pkg:gem/rack@2.2.3");
	ck_assert_str_eq(property("rack", "firn:evidence"), "lock file");
}
END_TEST

START_TEST(a_package_of_php_is_in_either_form_of_the_list)
{
	put("upper/app/vendor/composer/installed.json",
	    "{\"packages\":[{\"name\":\"symfony/http-kernel\",\"version\":"
	    "\"v5.4.1\",\"license\":[\"MIT\"]}]}");
	put("upper/old/vendor/composer/installed.json",
	    "[{\"name\":\"monolog/monolog\",\"version\":\"1.0\"}, 7, {}]");
	put("upper/app/composer.lock",
	    "{\"packages\":[{\"name\":\"symfony/http-kernel\",\"version\":"
	    "\"v5.4.1\"}],\"packages-dev\":[{\"name\":\"a/b\",\"version\":"
	    "\"3\",\"dist\":{\"shasum\":"
	    "\"0123456789012345678901234567890123456789\"}}]}");
	look();
	ck_assert_uint_eq(n_components(), 3);
	ck_assert_str_eq(purl_of("http-kernel"),
			 "pkg:composer/symfony/http-kernel@v5.4.1");
	ck_assert_str_eq(property("b", "firn:evidence"), "lock file");
}
END_TEST

START_TEST(a_crate_is_in_the_lock_file)
{
	put("upper/src/Cargo.lock",
	    "version = 3\n\n[[package]]\nname = \"serde\"\n"
	    "version = \"1.0.130\"\nsource = \"registry\"\nchecksum = "
	    "\"f12d06de37cf59146fbdecab66aa99f9fe4f78722e3607577a5375d66bd0c9"
	    "85\"\n\n[[package]]\nname = \"app\"\nversion = \"0.1.0\"\n"
	    "dependencies = [\n \"serde\",\n]\n\n[metadata]\nname = \"x\"\n");
	look();
	ck_assert_uint_eq(n_components(), 2);
	ck_assert_str_eq(purl_of("serde"), "pkg:cargo/serde@1.0.130");
}
END_TEST

/* --- Go
 * -----------------------------------------------------------------------
 */

static const char modules[] =
	"path\tcommand\nmod\texample.org/app\t(devel)\t\n"
	"dep\tgolang.org/x/net\tv0.1.0\th1:abc=\n"
	"dep\tgithub.com/a/b\tv1.0.0\n"
	"=>\tgithub.com/fork/b\tv1.2.0\th1:def=\nbuild\tCGO_ENABLED=0\n";

static void
put_go(void (*make)(struct firn_buf *, const char *, const char *))
{
	autobuf struct firn_buf section = { 0 }, file = { 0 };

	make(&section, "go1.20.3 X:boring", modules);
	go_executable(&file, &section);
	put_bytes("upper/usr/bin/app", file.data, file.len);
	run("chmod 755 upper/usr/bin/app");
	look();
}

static void
check_go(void)
{
	ck_assert_str_eq(purl_of("stdlib"), "pkg:golang/stdlib@1.20.3");
	ck_assert_str_eq(firn_json_string(component("stdlib"), "cpe", NULL),
			 "cpe:2.3:a:golang:go:1.20.3:-:*:*:*:*:*:*");
	ck_assert_str_eq(purl_of("golang.org/x/net"),
			 "pkg:golang/golang.org/x/net@v0.1.0");
	ck_assert_str_eq(version_of("github.com/fork/b"), "v1.2.0");
	ck_assert_str_eq(purl_of("example.org/app"),
			 "pkg:golang/example.org/app");
	ck_assert_uint_eq(n_components(), 4);
	ck_assert_str_eq(place_of("stdlib"), "/usr/bin/app");
}

START_TEST(an_executable_of_go_names_its_modules)
{
	put_go(go_section);
	check_go();
}
END_TEST

START_TEST(one_from_before_go_1_18_names_them_too)
{
	put_go(go_old_section);
	check_go();
}
END_TEST

/* --- Java
 * ---------------------------------------------------------------------
 */

#define LOG4J                                                 \
	"#Generated by Maven\ngroupId=org.apache.logging\r\n" \
	"artifactId=log4j-core\nversion=2.14.1\n"

START_TEST(an_archive_of_java_names_what_maven_made_it_of)
{
	struct made_zip jar = { 0 };

	zip_text(&jar, "META-INF/MANIFEST.MF", "Manifest-Version: 1.0\n");
	zip_text(&jar, "META-INF/maven/a/b/pom.properties", LOG4J);
	zip_end(&jar);
	put_bytes("upper/srv/anything.jar", jar.bytes.data, jar.bytes.len);
	firn_buf_free(&jar.bytes);
	look();
	ck_assert_uint_eq(n_components(), 1);
	ck_assert_str_eq(purl_of("log4j-core"),
			 "pkg:maven/org.apache.logging/log4j-core@2.14.1");
}
END_TEST

START_TEST(archives_within_archives_are_looked_through)
{
	struct made_zip inner = { 0 }, outer = { 0 };

	zip_text(&inner, "META-INF/maven/a/b/pom.properties", LOG4J);
	zip_end(&inner);
	/* Stored, as Spring Boot does, and packed, as in a WAR. */
	zip_add(&outer, "BOOT-INF/lib/a.jar", inner.bytes.data, inner.bytes.len,
		false);
	zip_add(&outer, "WEB-INF/lib/b.jar", inner.bytes.data, inner.bytes.len,
		true);
	zip_end(&outer);
	/* A script in front, which starts it. */
	put("upper/srv/app.war", "#!/bin/sh\nexec java -jar $0\n");
	put_bytes("outer", outer.bytes.data, outer.bytes.len);
	run("cat outer >> upper/srv/app.war");
	firn_buf_free(&inner.bytes);
	firn_buf_free(&outer.bytes);
	look();
	ck_assert_uint_eq(n_components(), 2);
	ck_assert_str_eq(place_of("log4j-core"),
			 "/srv/app.war!/BOOT-INF/lib/a.jar");
	ck_assert_ptr_nonnull(nth("log4j-core", 1));
}
END_TEST

START_TEST(an_archive_that_maven_did_not_make_is_known_by_its_name)
{
	struct made_zip jar = { 0 };

	zip_text(&jar, "META-INF/MANIFEST.MF",
		 "Implementation-Title: Thing\nImplementation-Version: 3\n\n"
		 "Implementation-Title: Other\n");
	zip_end(&jar);
	put_bytes("upper/srv/commons-io-2.4.jar", jar.bytes.data,
		  jar.bytes.len);
	put_bytes("upper/srv/thing.jar", jar.bytes.data, jar.bytes.len);
	firn_buf_free(&jar.bytes);
	look();
	ck_assert_str_eq(purl_of("commons-io"), "pkg:maven/commons-io@2.4");
	ck_assert_str_eq(property("commons-io", "firn:evidence"), "file name");
	ck_assert_str_eq(purl_of("Thing"), "pkg:maven/Thing@3");
	ck_assert_uint_eq(n_components(), 2);
}
END_TEST

int
main(void)
{
	const TTest *const tests[] = {
		a_package_of_node_js_is_what_lies_in_node_modules,
		a_lock_file_adds_what_is_not_there,
		a_distribution_of_python_says_its_name_in_its_metadata,
		a_gem_says_its_name_in_its_specification,
		a_package_of_php_is_in_either_form_of_the_list,
		a_crate_is_in_the_lock_file,
		an_executable_of_go_names_its_modules,
		one_from_before_go_1_18_names_them_too,
		an_archive_of_java_names_what_maven_made_it_of,
		archives_within_archives_are_looked_through,
		an_archive_that_maven_did_not_make_is_known_by_its_name,
	};

	return run_suite(packages_suite("packages of languages", tests,
					sizeof(tests) / sizeof(tests[0])));
}
