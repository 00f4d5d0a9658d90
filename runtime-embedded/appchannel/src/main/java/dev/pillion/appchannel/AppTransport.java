// SPDX-License-Identifier: Apache-2.0
package dev.pillion.appchannel;

import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationRequest;
import dev.pillion.invocation.InvocationResponse;
import dev.pillion.runtime.EmbeddedRuntime;
import org.jspecify.annotations.Nullable;

/**
 * One protocol on the way to a program: what {@link AppChannel} needs of it and no more.
 * Thread-safe between {@link #start} and {@link #close}. It connects when it must, and again by
 * itself when the program was away; it neither retries nor counts nor throttles.
 *
 * <p>Header rules that hold for every protocol have been applied: what a transport is given has no
 * header of one connection only, no token but the app's, and the trace of this call.
 */
public interface AppTransport extends AutoCloseable {
  /**
   * As daprd's {@code --app-protocol}: {@code http}, {@code https}, {@code h2c}, {@code grpc},
   * {@code grpcs}.
   */
  String protocol();

  /** Called when a runtime is about to be built: what takes long can begin elsewhere. */
  default void prepare() {}

  /** Called once, before anything else but {@link #prepare}; opens no connection. */
  void start(EmbeddedRuntime runtime);

  /**
   * Asks the program and returns when its status and headers are there; the body comes as it is
   * read.
   *
   * @param deadline always set; holds for the body of the answer too
   * @throws InvocationException when there is no answer, or not one of this protocol
   * @throws dev.pillion.CallTimeoutException when the deadline passes
   */
  InvocationResponse invoke(InvocationRequest request, Deadline deadline);

  /** How the program is asked for subscriptions and given events; null when the protocol can't. */
  default @Nullable AppEvents events() {
    return null;
  }

  /**
   * Whom to tell, without being blocked, when a connection was lost that tells of the program's own
   * end; called once, before {@link #start}. Nobody is told where connections come and go.
   */
  default void onLost(Runnable listener) {}

  /** Whether the program's port takes a connection; returns false rather than throw. */
  boolean isListening(Deadline deadline);

  /** Whether the program says that it is well; returns false rather than throw. */
  boolean isHealthy(Deadline deadline);

  /** Ends every connection and cuts what is under way; idempotent. */
  @Override
  void close();
}
