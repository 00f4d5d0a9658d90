// SPDX-License-Identifier: Apache-2.0
/** The pubsub {@code pubsub.kafka}. */
@NullMarked
package dev.pillion.pubsub.kafka;

import org.jspecify.annotations.NullMarked;
