// SPDX-License-Identifier: Apache-2.0
/** Publish and subscribe as programs use it: topics, events, handlers and their options. */
@NullMarked
package dev.pillion.pubsub;

import org.jspecify.annotations.NullMarked;
