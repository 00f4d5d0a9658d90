// SPDX-License-Identifier: Apache-2.0
/** What every name resolver does, as tests that the author of one inherits. */
@NullMarked
package dev.pillion.invocation.testkit;

import org.jspecify.annotations.NullMarked;
