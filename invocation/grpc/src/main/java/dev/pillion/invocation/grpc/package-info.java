// SPDX-License-Identifier: Apache-2.0
/**
 * Calls between runtimes, and between a runtime and a daprd, over Dapr's internal gRPC contract.
 */
@NullMarked
package dev.pillion.invocation.grpc;

import org.jspecify.annotations.NullMarked;
