# Built with everything else, so that they don't rot; run by hand.
add_executable(bench_pipeline bench/pipeline.c)
target_link_libraries(bench_pipeline PRIVATE firn_evidence)
add_executable(bench_freeze bench/freeze.c)
target_link_libraries(bench_freeze PRIVATE firn_contain)
add_executable(bench_matcher bench/matcher.c)
target_link_libraries(bench_matcher PRIVATE firn_assess)
