# "check.h" is ours, <check.h> is Check's: the folder is for quotes only.
function(firn_contain_test name)
  firn_test(contain/${name} firn_contain)
  set_target_properties(${name} PROPERTIES INCLUDE_DIRECTORIES "")
  target_compile_options(${name} PRIVATE
    -iquote ${CMAKE_CURRENT_SOURCE_DIR}/tests)
endfunction()

firn_contain_test(test_ledger)
firn_contain_test(test_freeze)
firn_contain_test(test_unfrozen)
firn_contain_test(test_freeze_crash)
# The library's writes are counted, to kill it before any of them.
target_link_options(test_freeze_crash PRIVATE LINKER:--wrap=write)
