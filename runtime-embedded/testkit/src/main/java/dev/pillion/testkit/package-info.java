// SPDX-License-Identifier: Apache-2.0
/** What tests of programs, components and the runtime itself are made with. */
@NullMarked
package dev.pillion.testkit;

import org.jspecify.annotations.NullMarked;
