// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import com.google.protobuf.Message;
import io.grpc.CallOptions;
import io.grpc.Channel;
import io.grpc.ClientCall;
import io.grpc.ClientInterceptor;
import io.grpc.ClientInterceptors;
import io.grpc.ClientStreamTracer;
import io.grpc.ForwardingClientCall.SimpleForwardingClientCall;
import io.grpc.ForwardingClientCallListener.SimpleForwardingClientCallListener;
import io.grpc.Metadata;
import io.grpc.MethodDescriptor;
import io.grpc.Status;
import java.util.List;

/**
 * Sees what a stub does not show of one call: headers and trailers, and whether a status came over
 * the wire or was made up on this side of it. Sends what a stub would not.
 */
final class AppAnswerObserver extends ClientStreamTracer.Factory implements ClientInterceptor {
  /** What gRPC's calls take out of what they are given, as if it were about gRPC's own packing. */
  private static final List<Metadata.Key<String>> TAKEN_OUT = List.of(
      Metadata.Key.of("content-encoding", Metadata.ASCII_STRING_MARSHALLER),
      Metadata.Key.of("accept-encoding", Metadata.ASCII_STRING_MARSHALLER));

  private final Metadata sent;
  private volatile Metadata headers = new Metadata();
  private volatile Metadata trailers = new Metadata();
  private volatile boolean trailersArrived;
  private volatile boolean saidOk;

  AppAnswerObserver(Metadata sent) {
    this.sent = sent;
  }

  Channel around(Channel channel) {
    return ClientInterceptors.intercept(channel, this);
  }

  @Override
  public ClientStreamTracer newClientStreamTracer(
      ClientStreamTracer.StreamInfo info, Metadata outgoing) {
    for (var key : TAKEN_OUT) {
      var values = sent.getAll(key);
      if (values != null) {
        outgoing.discardAll(key);
        values.forEach(value -> outgoing.put(key, value));
      }
    }
    return new ClientStreamTracer() {
      @Override
      public void inboundTrailers(Metadata arrived) {
        trailersArrived = true;
      }
    };
  }

  @Override
  public <Q, A> ClientCall<Q, A> interceptCall(
      MethodDescriptor<Q, A> method, CallOptions callOptions, Channel next) {
    return new SimpleForwardingClientCall<Q, A>(next.newCall(method, callOptions)) {
      @Override
      public void start(Listener<A> listener, Metadata outgoing) {
        outgoing.merge(sent);
        super.start(
            new SimpleForwardingClientCallListener<A>(listener) {
              @Override
              public void onHeaders(Metadata arrived) {
                headers = arrived;
                super.onHeaders(arrived);
              }

              @Override
              public void onClose(Status status, Metadata arrived) {
                trailers = arrived;
                saidOk = status.isOk();
                super.onClose(status, arrived);
              }
            },
            outgoing);
      }
    };
  }

  /** Whether the program has answered with an error: "fine", but with nothing to it, is none. */
  boolean isTheProgramsOwn() {
    return trailersArrived && !saidOk;
  }

  <A extends Message> AppAnswer<A> answered(
      String address, MethodDescriptor<?, A> method, A message) {
    return new AppAnswer<>(address, method, Status.OK, headers, trailers, message);
  }

  <A extends Message> AppAnswer<A> failed(
      String address, MethodDescriptor<?, A> method, Status status) {
    return new AppAnswer<>(address, method, status, headers, trailers, null);
  }
}
