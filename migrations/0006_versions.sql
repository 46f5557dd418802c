-- A published version is what it is: the application can only retire it, or take it into use again.
revoke update on definitions from parvaneh_app;
grant update (retired_at) on definitions to parvaneh_app;
