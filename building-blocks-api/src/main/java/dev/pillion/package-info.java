// SPDX-License-Identifier: Apache-2.0
/** Types that all building blocks share. */
@NullMarked
package dev.pillion;

import org.jspecify.annotations.NullMarked;
