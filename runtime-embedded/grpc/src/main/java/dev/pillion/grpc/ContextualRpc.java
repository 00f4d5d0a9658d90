// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import dev.pillion.call.CallContext;

/** A {@link UnaryRpc} that passes on what came with the call: its trace. */
@FunctionalInterface
interface ContextualRpc<Q, A> {
  /** The answer, as of {@link UnaryRpc#answer}. */
  A answer(Q request, CallContext context);
}
