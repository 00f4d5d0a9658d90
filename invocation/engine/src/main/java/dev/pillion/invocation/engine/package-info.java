// SPDX-License-Identifier: Apache-2.0
/** The invocation building block: methods, routes, access policies. */
@NullMarked
package dev.pillion.invocation.engine;

import org.jspecify.annotations.NullMarked;
