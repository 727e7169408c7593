firn_test(assess/test_corpus firn_assess)
target_compile_definitions(test_corpus PRIVATE
  CORPUS="${CMAKE_CURRENT_SOURCE_DIR}/tests/assess/corpus")
firn_test(assess/test_facts firn_assess)
firn_test(assess/test_rules firn_assess)
firn_test(assess/test_secrets firn_assess)
