// SPDX-License-Identifier: Apache-2.0
package dev.pillion.invocation.grpc;

import com.google.protobuf.ByteString;
import dev.pillion.invocation.spi.PeerAddress;
import dev.pillion.wire.common.v1.HTTPExtension;
import dev.pillion.wire.common.v1.InvokeRequest;
import dev.pillion.wire.common.v1.StreamPayload;
import dev.pillion.wire.internals.v1.APIVersion;
import dev.pillion.wire.internals.v1.InternalInvokeRequest;
import dev.pillion.wire.internals.v1.InternalInvokeRequestStream;
import dev.pillion.wire.internals.v1.InternalInvokeResponseStream;
import dev.pillion.wire.internals.v1.ListStringValue;
import dev.pillion.wire.internals.v1.ServiceInvocationGrpc;
import io.grpc.ManagedChannel;
import io.grpc.Status;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.stub.StreamObserver;
import java.util.ArrayList;
import java.util.List;
import java.util.concurrent.BlockingQueue;
import java.util.concurrent.LinkedBlockingQueue;
import java.util.concurrent.TimeUnit;

/** A caller that is no code of ours: frames are written and read by hand. */
final class RawCaller implements AutoCloseable {
  private final ManagedChannel channel;

  RawCaller(PeerAddress address) {
    this(NettyChannelBuilder.forAddress(address.host(), address.port())
        .usePlaintext()
        .build());
  }

  RawCaller(ManagedChannel channel) {
    this.channel = channel;
  }

  /** What came back: frames, and how the rpc ended. */
  record Answer(List<InternalInvokeResponseStream> frames, Status status) {
    byte[] body() {
      var body = ByteString.EMPTY;
      for (var frame : frames) {
        body = body.concat(frame.getPayload().getData());
      }
      return body.toByteArray();
    }
  }

  static InternalInvokeRequest head(String verb, String method, String... headers) {
    var head = InternalInvokeRequest.newBuilder()
        .setVer(APIVersion.V1)
        .setMessage(InvokeRequest.newBuilder()
            .setMethod(method)
            .setHttpExtension(
                HTTPExtension.newBuilder().setVerb(HTTPExtension.Verb.valueOf(verb))));
    for (int i = 0; i < headers.length; i += 2) {
      head.putMetadata(headers[i], list(headers[i + 1]));
    }
    return head.build();
  }

  static ListStringValue list(String... values) {
    return ListStringValue.newBuilder().addAllValues(List.of(values)).build();
  }

  static InternalInvokeRequestStream first(InternalInvokeRequest head) {
    return InternalInvokeRequestStream.newBuilder().setRequest(head).build();
  }

  static InternalInvokeRequestStream chunk(long sequence, String data) {
    return InternalInvokeRequestStream.newBuilder()
        .setPayload(payload(sequence, data))
        .build();
  }

  static StreamPayload payload(long sequence, String data) {
    return StreamPayload.newBuilder()
        .setSeq(sequence)
        .setData(ByteString.copyFromUtf8(data))
        .build();
  }

  ServiceInvocationGrpc.ServiceInvocationBlockingStub blocking() {
    return ServiceInvocationGrpc.newBlockingStub(channel).withDeadlineAfter(20, TimeUnit.SECONDS);
  }

  ManagedChannel channel() {
    return channel;
  }

  /** Sends these frames and a half-close, and waits for the end. */
  Answer call(InternalInvokeRequestStream... frames) throws InterruptedException {
    BlockingQueue<Object> events = new LinkedBlockingQueue<>();
    var requests = open(events);
    for (var frame : frames) {
      requests.onNext(frame);
    }
    requests.onCompleted();
    return await(events);
  }

  StreamObserver<InternalInvokeRequestStream> open(BlockingQueue<Object> events) {
    return ServiceInvocationGrpc.newStub(channel)
        .withDeadlineAfter(20, TimeUnit.SECONDS)
        .callLocalStream(new StreamObserver<>() {
          @Override
          public void onNext(InternalInvokeResponseStream frame) {
            events.add(frame);
          }

          @Override
          public void onError(Throwable failure) {
            events.add(Status.fromThrowable(failure));
          }

          @Override
          public void onCompleted() {
            events.add(Status.OK);
          }
        });
  }

  static Answer await(BlockingQueue<Object> events) throws InterruptedException {
    var frames = new ArrayList<InternalInvokeResponseStream>();
    while (true) {
      var event = events.poll(25, TimeUnit.SECONDS);
      if (event == null) {
        throw new AssertionError("the rpc has not ended; so far: " + frames);
      }
      if (event instanceof Status status) {
        return new Answer(frames, status);
      }
      frames.add((InternalInvokeResponseStream) event);
    }
  }

  @Override
  public void close() {
    channel.shutdownNow();
  }
}
