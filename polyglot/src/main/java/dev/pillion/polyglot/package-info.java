// SPDX-License-Identifier: Apache-2.0
/** A host whose facade the Dapr SDKs of several languages are run against. */
@NullMarked
package dev.pillion.polyglot;

import org.jspecify.annotations.NullMarked;
