// SPDX-License-Identifier: Apache-2.0
/** The pub/sub building block between programs and brokers. */
@NullMarked
package dev.pillion.pubsub.engine;

import org.jspecify.annotations.NullMarked;
