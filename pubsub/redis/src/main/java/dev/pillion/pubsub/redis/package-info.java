// SPDX-License-Identifier: Apache-2.0
/** Pub/sub on Redis Streams. */
@NullMarked
package dev.pillion.pubsub.redis;

import org.jspecify.annotations.NullMarked;
