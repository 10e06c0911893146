//! REST: what a peer offers to callers that speak HTTP and JSON.
