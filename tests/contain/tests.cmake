firn_test(contain/test_ledger firn_contain)
firn_test(contain/test_freeze firn_contain)
firn_test(contain/test_unfrozen firn_contain)
firn_test(contain/test_cut_program firn_contain)
firn_test(contain/test_freeze_crash firn_contain)
# The library's writes are counted, to kill it before any of them.
target_link_options(test_freeze_crash PRIVATE LINKER:--wrap=write)

# What sends and counts in the containers of test_cut_matrix.sh: static.
add_executable(cut_traffic tests/contain/traffic.c)
set_target_properties(cut_traffic PROPERTIES POSITION_INDEPENDENT_CODE OFF)
target_compile_definitions(cut_traffic PRIVATE _GNU_SOURCE)
target_compile_options(cut_traffic PRIVATE -O1 -Wall -Wextra -fno-pie)
target_link_options(cut_traffic PRIVATE -static)
firn_script(contain/test_cut_matrix.sh $<TARGET_FILE:firn>
  $<TARGET_FILE:cut_traffic>)
