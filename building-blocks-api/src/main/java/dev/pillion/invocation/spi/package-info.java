// SPDX-License-Identifier: Apache-2.0
/** Service invocation, as name resolvers and transports between runtimes implement it. */
@NullMarked
package dev.pillion.invocation.spi;

import org.jspecify.annotations.NullMarked;
