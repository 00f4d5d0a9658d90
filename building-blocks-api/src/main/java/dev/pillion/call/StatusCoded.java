// SPDX-License-Identifier: Apache-2.0
package dev.pillion.call;

/**
 * A failure that a peer answered with a status: what retry policies match their
 * {@code httpStatusCodes} and {@code gRPCStatusCodes} against. Implemented by exceptions.
 */
public interface StatusCoded {
  /**
   * The status: of HTTP 100 to 599, of gRPC 0 to 16. Which of the two it is shows in the number, as
   * in Dapr.
   */
  int statusCode();
}
