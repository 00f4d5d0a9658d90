// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

/** A {@link UnaryRpc} that sees the headers of the call, and answers with headers of its own. */
@FunctionalInterface
interface MetadataRpc<Q, A> {
  /** The answer, as of {@link UnaryRpc#answer}. */
  A answer(Q request, RpcMetadata metadata);
}
