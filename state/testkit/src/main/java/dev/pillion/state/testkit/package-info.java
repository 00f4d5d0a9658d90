// SPDX-License-Identifier: Apache-2.0
/** The contract of state stores, for their authors: {@link StateStoreContract}. */
@NullMarked
package dev.pillion.state.testkit;

import org.jspecify.annotations.NullMarked;
