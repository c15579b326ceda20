"""The remote cache: a store of blobs that machines share over HTTP, in the layout of bazel-remote."""
