// SPDX-License-Identifier: Apache-2.0
/** What every pubsub does, as tests that the author of one inherits. */
@NullMarked
package dev.pillion.pubsub.testkit;

import org.jspecify.annotations.NullMarked;
