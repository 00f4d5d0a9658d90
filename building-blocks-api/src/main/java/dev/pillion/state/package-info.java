// SPDX-License-Identifier: Apache-2.0
/** The state building block as a program uses it. */
@NullMarked
package dev.pillion.state;

import org.jspecify.annotations.NullMarked;
