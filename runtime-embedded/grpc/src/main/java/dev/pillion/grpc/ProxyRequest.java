// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import io.grpc.MethodDescriptor;

/**
 * What a caller wants to be passed on.
 *
 * @param target the app he named
 * @param metadata what he sent along
 * @param stream whether he says that it is a stream: policies see to its opening alone
 */
record ProxyRequest(
    String target, MethodDescriptor<byte[], byte[]> method, RpcMetadata metadata, boolean stream) {}
