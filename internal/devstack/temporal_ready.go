package devstack

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strconv"

	"go.temporal.io/api/common/v1"
	"go.temporal.io/api/enums/v1"
	"go.temporal.io/api/operatorservice/v1"
	"go.temporal.io/api/serviceerror"
	"go.temporal.io/api/workflowservice/v1"
	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
)

// dial opens a connection whose errors are Temporal's error types.
func dial(address string) (*grpc.ClientConn, error) {
	return grpc.NewClient(address,
		grpc.WithTransportCredentials(insecure.NewCredentials()),
		grpc.WithUnaryInterceptor(func(ctx context.Context, method string, req, reply any, conn *grpc.ClientConn, call grpc.UnaryInvoker, o ...grpc.CallOption) error {
			if err := call(ctx, method, req, reply, conn, o...); err != nil {
				return serviceerror.FromStatus(serviceerror.ToStatus(err))
			}
			return nil
		}))
}

// ready asks for a workflow that does not exist: "not found" needs the frontend, the namespace and the history service, which
// all start later than the port opens. The Web UI starts beside them.
func (d *devServer) ready(ctx context.Context) error {
	conn, err := dial(d.address())
	if err != nil {
		return err
	}
	defer conn.Close()
	frontend := workflowservice.NewWorkflowServiceClient(conn)
	if _, err := frontend.DescribeNamespace(ctx, &workflowservice.DescribeNamespaceRequest{Namespace: TemporalNamespace}); err != nil {
		return fmt.Errorf("describe namespace: %w", err)
	}
	_, err = frontend.DescribeWorkflowExecution(ctx, &workflowservice.DescribeWorkflowExecutionRequest{
		Namespace: TemporalNamespace,
		Execution: &common.WorkflowExecution{WorkflowId: "herald-readiness-probe"},
	})
	var missing *serviceerror.NotFound
	if err != nil && !errors.As(err, &missing) {
		return fmt.Errorf("describe a workflow: %w", err)
	}
	if d.uiPort == 0 {
		return nil
	}
	ui, err := (&net.Dialer{}).DialContext(ctx, "tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(d.uiPort)))
	if err != nil {
		return fmt.Errorf("web ui: %w", err)
	}
	return ui.Close()
}

func registerSearchAttributes(ctx context.Context, address string, attributes map[string]string) error {
	if len(attributes) == 0 {
		return nil
	}
	conn, err := dial(address)
	if err != nil {
		return err
	}
	defer conn.Close()
	return EnsureSearchAttributes(ctx, operatorservice.NewOperatorServiceClient(conn), TemporalNamespace, attributes)
}

// EnsureSearchAttributes registers the attributes (name to type, as in "Keyword") that the namespace does not have yet. One that
// exists with another type is an error: Temporal cannot change it. A server that was given may need it called with its own
// client (OperatorService of the SDK's).
func EnsureSearchAttributes(ctx context.Context, operator operatorservice.OperatorServiceClient, namespace string, attributes map[string]string) error {
	have, err := operator.ListSearchAttributes(ctx, &operatorservice.ListSearchAttributesRequest{Namespace: namespace})
	if err != nil {
		return fmt.Errorf("list search attributes: %w", err)
	}
	missing := make(map[string]enums.IndexedValueType)
	for name, kind := range attributes {
		want, err := enums.IndexedValueTypeFromString(kind)
		if err != nil {
			return fmt.Errorf("search attribute %s: %w", name, err)
		}
		switch got, exists := have.GetCustomAttributes()[name]; {
		case !exists:
			missing[name] = want
		case got != want:
			return fmt.Errorf("search attribute %s has type %s in namespace %s, wanted %s", name, got, namespace, want)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	_, err = operator.AddSearchAttributes(ctx, &operatorservice.AddSearchAttributesRequest{Namespace: namespace, SearchAttributes: missing})
	var other *serviceerror.AlreadyExists // somebody registered them in between
	if err != nil && !errors.As(err, &other) {
		return fmt.Errorf("add search attributes: %w", err)
	}
	return nil
}
