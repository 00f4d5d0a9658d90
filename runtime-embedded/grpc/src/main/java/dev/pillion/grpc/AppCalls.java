// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.Message;
import dev.pillion.appchannel.AppOptions;
import dev.pillion.concurrent.Deadline;
import dev.pillion.invocation.InvocationException;
import dev.pillion.invocation.InvocationException.Reason;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.Context;
import io.grpc.MethodDescriptor;
import io.grpc.StatusRuntimeException;
import io.grpc.stub.ClientCalls;
import java.util.List;
import java.util.Map;
import java.util.concurrent.TimeUnit;

/** Unary calls to a program: what it answered, error or not, or why there is no answer. */
final class AppCalls implements AutoCloseable {
  private final AppOptions options;
  private final AppConnector connector;
  private final AppFailures failures;

  AppCalls(AppOptions options, AppConnector connector) {
    this.options = options;
    this.connector = connector;
    this.failures = new AppFailures(options);
  }

  /**
   * Calls and waits.
   *
   * @param headers as HTTP or gRPC callers sent them
   * @throws InvocationException when the program has not answered
   * @throws dev.pillion.CallTimeoutException when the deadline passes
   */
  <Q extends Message, A extends Message> AppAnswer<A> run(
      MethodDescriptor<Q, A> method,
      Q request,
      Map<String, List<String>> headers,
      Deadline deadline) {
    if (request.getSerializedSize() > options.maxBodySize()) {
      // The envelope counts: the program's own limit, the same by default, would refuse it too.
      throw failures.requestTooLarge(request.getSerializedSize());
    }
    var observer = new AppAnswerObserver(AppMetadata.toApp(headers));
    var callOptions = CallOptions.DEFAULT
        .withDeadlineAfter(deadline.remainingNanos(), TimeUnit.NANOSECONDS)
        .withStreamTracerFactory(observer);
    var channel = connector.channel();
    // Where this thread answers a call by gRPC, that call's end, deadline and trace are not this
    // one's; an interrupt of the thread ends it.
    var outer = Context.ROOT.attach();
    try {
      var answer =
          ClientCalls.blockingUnaryCall(observer.around(channel), method, callOptions, request);
      return observer.answered(options.address(), method, answer);
    } catch (StatusRuntimeException e) {
      if (observer.isTheProgramsOwn()) {
        return observer.failed(options.address(), method, e.getStatus());
      }
      var failure = failures.of(method, e);
      if (failure instanceof InvocationException unanswered
          && unanswered.reason() == Reason.NOT_LISTENING) {
        connector.failed(channel);
      }
      throw failure;
    } finally {
      Context.ROOT.detach(outer);
    }
  }

  /** The connection to use now. */
  Channel channel() {
    return connector.channel();
  }

  @Override
  public void close() {
    connector.close();
  }
}
