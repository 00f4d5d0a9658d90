// SPDX-License-Identifier: Apache-2.0
package dev.pillion.grpc;

import static io.grpc.stub.MetadataUtils.newAttachHeadersInterceptor;
import static org.assertj.core.api.Assertions.assertThat;

import com.google.protobuf.InvalidProtocolBufferException;
import com.google.protobuf.Message;
import com.google.rpc.ErrorInfo;
import dev.pillion.runtime.EmbeddedRuntime;
import dev.pillion.state.spi.StateStoreComponent;
import dev.pillion.wire.runtime.v1.DaprGrpc;
import io.grpc.ClientInterceptors;
import io.grpc.ManagedChannel;
import io.grpc.Metadata;
import io.grpc.Status;
import io.grpc.StatusRuntimeException;
import io.grpc.netty.shaded.io.grpc.netty.NettyChannelBuilder;
import io.grpc.protobuf.StatusProto;
import java.util.Map;
import java.util.concurrent.TimeUnit;
import java.util.function.Consumer;
import org.assertj.core.api.ThrowableAssert.ThrowingCallable;

/** A runtime with a facade, and a channel to it; the state store is called "statestore". */
final class TestFacade implements AutoCloseable {
  static final String STORE = "statestore";

  private final EmbeddedRuntime runtime;
  private final GrpcFacade facade;
  private final ManagedChannel channel;

  private TestFacade(EmbeddedRuntime runtime, GrpcFacade facade) {
    this.runtime = runtime;
    this.facade = facade;
    this.channel = channelTo(facade.port());
  }

  static TestFacade over(StateStoreComponent store) {
    return start(facade(), builder -> builder.component(STORE, store));
  }

  static TestFacade start(GrpcFacade facade, Consumer<EmbeddedRuntime.Builder> more) {
    var builder = EmbeddedRuntime.builder("checkout").environment(Map.of()).with(facade);
    more.accept(builder);
    return new TestFacade(builder.start(), facade);
  }

  /** On any port, whatever the environment of the tests asks for. */
  static GrpcFacade facade() {
    return new GrpcFacade(0, null, null, Map.of());
  }

  static ManagedChannel channelTo(int port) {
    return NettyChannelBuilder.forAddress("127.0.0.1", port).usePlaintext().build();
  }

  EmbeddedRuntime runtime() {
    return runtime;
  }

  int port() {
    return facade.port();
  }

  ManagedChannel channel() {
    return channel;
  }

  DaprGrpc.DaprBlockingStub dapr() {
    return DaprGrpc.newBlockingStub(channel).withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  DaprGrpc.DaprBlockingStub dapr(Metadata headers) {
    return DaprGrpc.newBlockingStub(
            ClientInterceptors.intercept(channel, newAttachHeadersInterceptor(headers)))
        .withDeadlineAfter(30, TimeUnit.SECONDS);
  }

  static Metadata header(String name, String value) {
    var headers = new Metadata();
    headers.put(Metadata.Key.of(name, Metadata.ASCII_STRING_MARSHALLER), value);
    return headers;
  }

  @Override
  public void close() {
    channel.shutdownNow();
    runtime.close();
  }

  /** Runs a call that must fail. */
  static Failure failure(ThrowingCallable call) {
    try {
      call.call();
    } catch (StatusRuntimeException e) {
      return new Failure(e);
    } catch (Throwable e) {
      throw new AssertionError("not a status: " + e, e);
    }
    throw new AssertionError("the call did not fail");
  }

  /** What a caller sees of a failed call. */
  record Failure(StatusRuntimeException thrown) {
    Failure has(Status.Code code, String message) {
      assertThat(thrown.getStatus().getCode()).as(thrown.getMessage()).isEqualTo(code);
      assertThat(thrown.getStatus().getDescription()).isEqualTo(message);
      return this;
    }

    Failure hasDetails(Message... details) {
      var status = StatusProto.fromThrowable(thrown);
      assertThat(status).isNotNull();
      assertThat(status.getDetailsList().stream().map(any -> {
            for (Message detail : details) {
              if (any.is(detail.getClass())) {
                try {
                  return any.unpack(detail.getClass());
                } catch (InvalidProtocolBufferException e) {
                  throw new AssertionError(e);
                }
              }
            }
            return any;
          }))
          .containsExactly(details);
      return this;
    }

    Failure hasNoDetails() {
      var status = StatusProto.fromThrowable(thrown);
      assertThat(status.getDetailsList()).isEmpty();
      return this;
    }

    Failure hasReason(String reason) {
      return hasDetails(info(reason, Map.of()));
    }
  }

  static ErrorInfo info(String reason, Map<String, String> metadata) {
    return ErrorInfo.newBuilder()
        .setDomain("dapr.io")
        .setReason(reason)
        .putAllMetadata(metadata)
        .build();
  }
}
