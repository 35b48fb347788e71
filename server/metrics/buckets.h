// Bucket bounds of the histograms.
#pragma once

#include <prometheus/histogram.h>

namespace tamis::server {

// From what a lookup takes to what a client waits for, in seconds.
inline const prometheus::Histogram::BucketBoundaries kLatencyBuckets = {
    0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 10};
inline const prometheus::Histogram::BucketBoundaries kStageBuckets = {
    0.00001, 0.000025, 0.00005, 0.0001, 0.00025, 0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.5};
inline const prometheus::Histogram::BucketBoundaries kJobBuckets = {1, 5, 15, 60, 300, 900, 3'600, 14'400};
inline const prometheus::Histogram::BucketBoundaries kCountBuckets = {1,  2,   4,     8,     16,    32,
                                                                      64, 256, 1'024, 4'096, 16'384};

}  // namespace tamis::server
