// SPDX-License-Identifier: Apache-2.0
/** Name resolution by multicast DNS. */
@NullMarked
package dev.pillion.invocation.mdns;

import org.jspecify.annotations.NullMarked;
