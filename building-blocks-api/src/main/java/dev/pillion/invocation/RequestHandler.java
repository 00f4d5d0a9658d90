// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation;

/** A method that sees the request as it came and writes the answer as it goes. */
@FunctionalInterface
public interface RequestHandler {
  /**
   * Does the work. Called on many threads at a time; the thread is interrupted when the caller's
   * deadline has passed.
   *
   * @param request whose body, when it is a stream, is the caller's and ends with the call
   * @param invocation who calls, and until when
   * @return the answer, which is closed when the caller has it; its body may be a stream, which is
   *     read after this has returned
   * @throws InvocationException to answer with a status of its choice
   * @throws Exception anything else is answered with status 500 and the exception's text
   */
  InvocationResponse handle(InvocationRequest request, Invocation invocation) throws Exception;
}
