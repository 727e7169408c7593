firn_test(collect/test_network firn_collect Threads::Threads)
