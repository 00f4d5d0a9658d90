// SPDX-License-Identifier: Apache-2.0
/** Conditions in Google's Common Expression Language, as Dapr has them. */
@NullMarked
package dev.pillion.cel;

import org.jspecify.annotations.NullMarked;
