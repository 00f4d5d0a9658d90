// SPDX-License-Identifier: Apache-2.0
/** What a component author implements and is told, whatever the building block. */
@NullMarked
package dev.pillion.component;

import org.jspecify.annotations.NullMarked;
