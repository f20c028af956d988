"""Every table of the deployer."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):

    # What databases have that were made before the first release.
    replaces = [
        ('deployer', '0001_initial'),
        ('deployer', '0002_initial'),
        ('deployer', '0003_request_figures'),
        ('deployer', '0004_build_log'),
        ('deployer', '0005_part_trouble'),
    ]

    initial = True

    dependencies = [
        ('registry', '0001_tables'),
    ]

    operations = [
        migrations.CreateModel(
            name='ImageBuild',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='image_builds', to='registry.modelversion')),
                ('number', models.PositiveIntegerField()),
                ('state', models.CharField(choices=[('queued', 'Queued'), ('building', 'Building'), ('succeeded', 'Succeeded'), ('failed', 'Failed'), ('cancelled', 'Cancelled')], default='queued', max_length=10)),
                ('state_changed_at', models.DateTimeField(auto_now_add=True)),
                ('content_digest', models.CharField(max_length=71)),
                ('approved_digest', models.CharField(max_length=71)),
                ('built_digest', models.CharField(blank=True, max_length=71)),
                ('phases', models.JSONField(default=list)),
                ('failure_code', models.CharField(blank=True, max_length=80)),
                ('failure_params', models.JSONField(default=dict)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
                ('finished_at', models.DateTimeField(null=True)),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
                'constraints': [models.UniqueConstraint(fields=('version', 'number'), name='build_number_unique')],
            },
        ),
        migrations.CreateModel(
            name='PartTrouble',
            fields=[
                ('part', models.CharField(max_length=40, primary_key=True, serialize=False)),
                ('code', models.CharField(max_length=80)),
                ('params', models.JSONField(default=dict)),
                ('since', models.DateTimeField(auto_now_add=True)),
            ],
        ),
        migrations.CreateModel(
            name='BuildLogLine',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('build', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='log_lines', to='deployer.imagebuild')),
                ('number', models.PositiveIntegerField()),
                ('at', models.DateTimeField(auto_now_add=True)),
                ('code', models.CharField(max_length=80)),
                ('params', models.JSONField(default=dict)),
            ],
            options={
                'ordering': ['number'],
                'constraints': [models.UniqueConstraint(fields=('build', 'number'), name='build_log_line_unique')],
            },
        ),
        migrations.CreateModel(
            name='Endpoint',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=80, unique=True)),
                ('registered_model', models.OneToOneField(on_delete=django.db.models.deletion.PROTECT, related_name='endpoint', to='registry.registeredmodel')),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['name'],
            },
        ),
        migrations.CreateModel(
            name='Rollout',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('endpoint', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rollouts', to='deployer.endpoint')),
                ('version', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rollouts', to='registry.modelversion')),
                ('build', models.ForeignKey(on_delete=django.db.models.deletion.PROTECT, related_name='rollouts', to='deployer.imagebuild')),
                ('state', models.CharField(choices=[('pending', 'Waiting'), ('applying', 'Starting'), ('ready', 'In production'), ('failed', 'Failed'), ('superseded', 'Replaced'), ('retired', 'Retired')], db_index=True, default='pending', max_length=10)),
                ('state_changed_at', models.DateTimeField(auto_now_add=True)),
                ('image_digest', models.CharField(max_length=71)),
                ('health', models.CharField(choices=[('unknown', 'Unknown'), ('progressing', 'Starting'), ('healthy', 'Healthy'), ('degraded', 'Down, being restarted'), ('missing', 'Not running')], default='unknown', max_length=12)),
                ('health_changed_at', models.DateTimeField(auto_now_add=True)),
                ('health_code', models.CharField(blank=True, max_length=80)),
                ('health_params', models.JSONField(default=dict)),
                ('restarts', models.PositiveIntegerField(default=0)),
                ('failure_code', models.CharField(blank=True, max_length=80)),
                ('failure_params', models.JSONField(default=dict)),
                ('phases', models.JSONField(default=list)),
                ('ready_at', models.DateTimeField(null=True)),
                ('stop_after', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(auto_now_add=True)),
            ],
            options={
                'ordering': ['-created_at', '-pk'],
            },
        ),
        migrations.CreateModel(
            name='RequestFigures',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('endpoint', models.ForeignKey(db_index=False, on_delete=django.db.models.deletion.CASCADE, related_name='figures', to='deployer.endpoint')),
                ('version_number', models.PositiveIntegerField()),
                ('seconds', models.PositiveIntegerField()),
                ('at', models.BigIntegerField()),
                ('requests', models.BigIntegerField()),
                ('refused', models.BigIntegerField(help_text='Answers with a status of 4xx.')),
                ('failed', models.BigIntegerField(help_text='Answers with a status of 5xx.')),
                ('ms_1', models.BigIntegerField()),
                ('ms_2', models.BigIntegerField()),
                ('ms_5', models.BigIntegerField()),
                ('ms_10', models.BigIntegerField()),
                ('ms_20', models.BigIntegerField()),
                ('ms_35', models.BigIntegerField()),
                ('ms_50', models.BigIntegerField()),
                ('ms_75', models.BigIntegerField()),
                ('ms_100', models.BigIntegerField()),
                ('ms_150', models.BigIntegerField()),
                ('ms_200', models.BigIntegerField()),
                ('ms_300', models.BigIntegerField()),
                ('ms_500', models.BigIntegerField()),
                ('ms_750', models.BigIntegerField()),
                ('ms_1000', models.BigIntegerField()),
                ('ms_2000', models.BigIntegerField()),
                ('ms_5000', models.BigIntegerField()),
                ('ms_10000', models.BigIntegerField()),
                ('ms_30000', models.BigIntegerField()),
                ('ms_more', models.BigIntegerField()),
            ],
            options={
                'indexes': [models.Index(fields=['seconds', 'at'], name='request_figures_by_age')],
                'constraints': [models.UniqueConstraint(fields=('endpoint', 'at', 'seconds', 'version_number'), name='request_figures_unique')],
            },
        ),
        migrations.AddField(
            model_name='Endpoint',
            name='current',
            field=models.ForeignKey(null=True, on_delete=django.db.models.deletion.PROTECT, related_name='+', to='deployer.rollout'),
        ),
    ]
