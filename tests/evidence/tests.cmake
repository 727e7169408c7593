# "check.h" is ours, <check.h> is Check's: the folder is for quotes only.
function(firn_evidence_test name)
  firn_test(evidence/${name} firn_evidence)
  set_target_properties(${name} PROPERTIES INCLUDE_DIRECTORIES "")
  target_compile_options(${name} PRIVATE
    -iquote ${CMAKE_CURRENT_SOURCE_DIR}/tests)
endfunction()

firn_evidence_test(test_tar)
firn_evidence_test(test_verify)
firn_evidence_test(test_hostile)
firn_evidence_test(test_stock)
firn_evidence_test(test_failures)
firn_evidence_test(test_custody)
firn_evidence_test(test_audit)
