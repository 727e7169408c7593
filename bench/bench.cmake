# Built with everything else, so that they don't rot; run by hand.
add_executable(bench_pipeline bench/pipeline.c)
target_link_libraries(bench_pipeline PRIVATE firn_evidence)
