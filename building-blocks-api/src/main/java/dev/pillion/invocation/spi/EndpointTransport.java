// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.spi;

import dev.pillion.concurrent.Deadline;
import dev.pillion.concurrent.Threads;
import dev.pillion.invocation.HttpEndpoint;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;

/**
 * The wire to HTTP services outside. It neither retries nor follows redirects. Thread-safe between
 * {@link #start} and {@link #close}; serves one runtime.
 */
public interface EndpointTransport extends AutoCloseable {
  /**
   * Reads what an endpoint says of itself, such as its certificates; opens no connection.
   *
   * @throws IllegalArgumentException when it can't be used, saying why
   */
  void check(HttpEndpoint endpoint);

  /** Called once; opens no connection. */
  void start(String appId, Threads threads);

  /**
   * Asks a service and returns when status and headers are there; the body comes as it is read.
   *
   * @param deadline always set; holds for the body of the answer too
   * @return its answer, whatever the status
   * @throws dev.pillion.invocation.InvocationException when there is none
   * @throws dev.pillion.CallTimeoutException when the deadline passes
   */
  InvocationResponse invoke(HttpEndpoint endpoint, InvocationRequest request, Deadline deadline);

  /** Ends every connection and cuts what is under way; idempotent. */
  @Override
  void close();
}
