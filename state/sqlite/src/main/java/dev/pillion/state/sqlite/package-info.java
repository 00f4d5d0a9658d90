// SPDX-License-Identifier: Apache-2.0
/** The component {@code state.sqlite}. */
@NullMarked
package dev.pillion.state.sqlite;

import org.jspecify.annotations.NullMarked;
