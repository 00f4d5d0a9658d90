// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

import dev.pillion.invocation.RequestHandler;

/**
 * A handler that answers nothing itself, but passes each call on to the program beside the runtime.
 * What it throws is why that program has not answered, and reaches the caller as it is; what any
 * other handler throws is its own failure.
 */
@FunctionalInterface
public interface PassingHandler extends RequestHandler {}
