// SPDX-License-Identifier: Apache-2.0
/** The component {@code pubsub.sqlite}. */
@NullMarked
package dev.pillion.pubsub.sqlite;

import org.jspecify.annotations.NullMarked;
