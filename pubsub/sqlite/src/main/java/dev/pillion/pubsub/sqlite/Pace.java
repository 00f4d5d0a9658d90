// SPDX-License-Identifier: Apache-2.0
package dev.pillion.pubsub.sqlite;

import java.time.Duration;

/**
 * How long things take.
 *
 * @param processingTimeout the lease: whoever has not renewed for so long counts as gone
 * @param redeliverInterval the pause before what has failed comes again
 * @param retention how long events are kept, done or not
 * @param pollInterval how often other processes' commits are looked for where nothing tells of them
 */
record Pace(
    Duration processingTimeout,
    Duration redeliverInterval,
    Duration retention,
    Duration pollInterval) {}
