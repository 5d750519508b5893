"""Token buckets, as AWS publishes them where it does."""
