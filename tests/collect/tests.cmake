firn_test(collect/test_collect firn_collect)
firn_test(collect/test_processes firn_collect)
firn_test(collect/test_held firn_collect)
firn_test(collect/test_records firn_collect)
